import { describe, expect, test } from 'vitest';
import { type Answer, createAnswerReader } from './answer-reader.ts';

const sized = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello';
const chunked =
  'HTTP/1.1 207 Multi-Status\r\ntransfer-encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\na\r\n0123456789\r\n0\r\n\r\n';
const empty = 'HTTP/1.1 500 X\r\ncontent-length: 0\r\n\r\n';

function read(text: string, pieceLength: number): Answer[] {
  const answers: Answer[] = [];
  const push = createAnswerReader((answer) => answers.push(answer));
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length; at += pieceLength) push(bytes.subarray(at, at + pieceLength));
  return answers;
}

const EXPECTED = [
  { status: 200, closes: false, bodyBytes: 5 },
  { status: 500, closes: false, bodyBytes: 0 },
  { status: 207, closes: true, bodyBytes: 13 },
];

describe('answers', () => {
  test.each([1, 2, 3, 7, 50, 10_000])('are read from pieces of %d bytes', (pieceLength) => {
    expect(read(sized + empty + chunked, pieceLength)).toEqual(EXPECTED);
  });

  test('a piece may be overwritten once it was read', () => {
    const answers: Answer[] = [];
    const push = createAnswerReader((answer) => answers.push(answer));
    const shared = Buffer.alloc(20);
    for (let at = 0; at < sized.length; at += shared.length) {
      const length = shared.write(sized.slice(at, at + shared.length), 'latin1');
      push(shared.subarray(0, length));
      shared.fill(0);
    }
    expect(answers).toEqual([EXPECTED[0]]);
  });

  test('an unfinished one is not counted', () => {
    expect(read(sized.slice(0, -1), 10)).toEqual([]);
    expect(read(chunked.slice(0, -2), 10)).toEqual([]);
  });

  test('one whose end cannot be told is an error', () => {
    expect(() => read('HTTP/1.1 200 OK\r\n\r\nhello', 1_000)).toThrow('without a length');
  });
});
