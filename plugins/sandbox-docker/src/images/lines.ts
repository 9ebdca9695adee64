import { StringDecoder } from 'node:string_decoder';

/** Far above what an engine has to say in one line. */
const longestLine = 1024 * 1024;

/** The lines of a stream, without what ends them; what of one is beyond a mebibyte is left out. Rejects as the stream does. */
export async function* linesOf(stream: AsyncIterable<Buffer | string>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + (typeof chunk === 'string' ? chunk : decoder.write(chunk))).split('\n');
    rest = (lines.pop() ?? '').slice(0, longestLine);
    yield* lines;
  }
  if (rest !== '') yield rest;
}
