import { once } from 'node:events';
import net from 'node:net';
import { expect, test } from 'vitest';
import { checkPort } from './port.ts';

async function listening(): Promise<{ server: net.Server; port: string }> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('A TCP server has a TCP address.');
  return { server, port: String(address.port) };
}

test('a chosen port that is taken fails, and where the system tells, by whom', async () => {
  const { server, port } = await listening();
  const finding = await checkPort(port);
  server.close();
  expect(finding).toMatchObject({ level: 'fail', what: expect.stringContaining(`port ${port} is taken`) });
  if (process.platform === 'linux') expect(finding.what).toContain(`(pid ${process.pid})`);
});

test('a free port is fine', async () => {
  const { server, port } = await listening();
  server.close();
  await once(server, 'close');
  expect(await checkPort(port)).toMatchObject({ level: 'ok' });
});

test.each(['x', '70000', '-1'])('PORT=%s is no port', async (port) => {
  expect(await checkPort(port)).toMatchObject({ level: 'fail' });
});

test('a host that is not of this machine is named', async () => {
  expect(await checkPort('0', '192.0.2.1')).toMatchObject({
    level: 'fail',
    what: expect.stringContaining('192.0.2.1'),
  });
});
