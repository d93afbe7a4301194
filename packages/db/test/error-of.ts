/** The error that `work` fails with; a success is the test's failure. */
export const errorOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => {
      throw new Error('It was expected to fail.');
    },
    (err: unknown) => err,
  );
