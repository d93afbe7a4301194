/** Work that goes on beside the requests for as long as a worker runs. */
export type Loop = {
  readonly name: string;
  /** Begins; `stop` resolves once nothing of it is under way any more. Several workers may run the same loop at once. */
  start(): { stop(): Promise<unknown> };
};
