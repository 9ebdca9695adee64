import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Beginning, CharacterSplitter, fromWireText, toWireText } from '../src/wire-text.ts';

const text = 'aé€😀z';
const bytes = Buffer.from(text);

function split(chunks: readonly Uint8Array[]): string[] {
  const splitter = new CharacterSplitter();
  return [...chunks.map((chunk) => splitter.push(chunk)), splitter.flush()]
    .filter((piece) => piece.length > 0)
    .map((piece) => toWireText(piece).text);
}

describe('text on the wire', () => {
  it('keeps characters whole wherever two chunks meet', () => {
    for (let at = 0; at <= bytes.length; at += 1) {
      const pieces = split([bytes.subarray(0, at), bytes.subarray(at)]);
      assert.equal(pieces.join(''), text, `cut at ${at}`);
    }
  });

  it('keeps characters whole when they come byte by byte', () => {
    assert.deepEqual(split([...bytes].map((byte) => Uint8Array.of(byte))), ['a', 'é', '€', '😀', 'z']);
  });

  it('loses no byte of what is not UTF-8', () => {
    for (const hex of ['ff', 'c3', 'e282', 'f09f98', '80808080', 'c328', 'f0f0f0f0f0', '61ff62']) {
      const given = Buffer.from(hex, 'hex');
      for (const chunks of [[given], [...given].map((byte) => Uint8Array.of(byte))]) {
        const splitter = new CharacterSplitter();
        const back = Buffer.concat([...chunks.map((chunk) => splitter.push(chunk)), splitter.flush()]);
        assert.equal(back.toString('hex'), hex);
      }
    }
  });

  it('says base64 where bytes are not UTF-8, and reads a view at an offset', () => {
    assert.deepEqual(toWireText(Buffer.from('61ff', 'hex')), { text: 'Yf8=', encoding: 'base64' });
    const view = new Uint8Array(Buffer.from('xxhixx')).subarray(2, 4);
    assert.deepEqual(toWireText(view), { text: 'hi', encoding: 'utf8' });
  });

  it('reads what a client sent, and refuses base64 that is none', () => {
    assert.equal(Buffer.from(fromWireText('é', undefined, 'f')).toString('hex'), 'c3a9');
    assert.equal(Buffer.from(fromWireText('Yf8=', 'base64', 'f')).toString('hex'), '61ff');
    assert.equal(Buffer.from(fromWireText('Yf8', 'base64', 'f')).toString('hex'), '61ff', 'padding may be left out');
    for (const wrong of ['Yf8=!', 'Y f8', '*', 'Yf9=', '_-8='])
      assert.throws(() => fromWireText(wrong, 'base64', 'data'), { code: 'invalid_params', message: /^data: / }, wrong);
  });

  it('keeps the beginning, and says whether there was more', () => {
    const kept = new Beginning(4);
    kept.add(Buffer.from('abc'));
    assert.deepEqual([kept.wire.text, kept.truncated], ['abc', false]);
    kept.add(Buffer.from('de'));
    kept.add(Buffer.from('f'));
    assert.deepEqual([kept.wire.text, kept.truncated], ['abcd', true]);
  });
});
