// @ts-check
import process from 'node:process';

/**
 * Says what is going on: a line that counts seconds on a terminal, one plain line anywhere else.
 *
 * @param {string} what without a closing full stop
 */
export function showProgress(what) {
  if (!process.stderr.isTTY) {
    console.error(`${what} …`);
    return { stop() {} };
  }
  const startedAt = performance.now();
  const draw = () => process.stderr.write(`\r${what} … ${Math.round((performance.now() - startedAt) / 1000)} s`);
  draw();
  const timer = setInterval(draw, 1000);
  return {
    stop() {
      clearInterval(timer);
      process.stderr.write('\r\u001b[K');
    },
  };
}
