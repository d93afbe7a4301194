import type { Child } from '../process/child.ts';
import type { ServerHandlers, ServerReady } from '../process/serve-parent.ts';
import type { Measurement } from '../report/results.ts';
import type { GeneratorHandlers } from './generator.ts';
import type { HttpRequest } from './http-request.ts';

const CONNECTIONS = 64;

type Job = {
  readonly generator: Child<null, GeneratorHandlers>;
  readonly server: Child<ServerReady, ServerHandlers>;
  readonly request: HttpRequest | readonly HttpRequest[];
  readonly durationMs: number;
  /** Calls that one request carries; 1 unless given. */
  readonly callsPerRequest?: number;
};

/** Puts 64 connections' load on one server and tells its rate, its latency, and what a call cost it. */
export async function measureServer(job: Job): Promise<Omit<Measurement, 'suite' | 'name' | 'round'>> {
  const { generator, server, request, durationMs, callsPerRequest = 1 } = job;
  const before = await server.ask('cpuMicros');
  const load = { port: server.ready.port, request, connections: CONNECTIONS, durationMs };
  const { count, seconds, p50Ms, p99Ms } = await generator.ask('run', load);
  const spent = (await server.ask('cpuMicros')) - before;
  const calls = count * callsPerRequest;
  return { perSecond: calls / seconds, p50Ms, p99Ms, cpuMicrosPerCall: spent / calls };
}
