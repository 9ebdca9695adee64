/** What the characters of a shape stand for. */
const classes = { '#': /[0-9]/, '*': /[0-9A-Za-z_-]/ };

/**
 * A set of byte patterns that are all matched at once: bit n of a state says that the pattern which bit n belongs to has
 * matched up to there (Shift-And). The time for each byte depends on the size of the set only, whatever the bytes are.
 * @typedef {object} Patterns
 * @property {readonly number[]} lengths of each pattern
 * @property {Uint32Array} starts the first bit of each
 * @property {Uint32Array} ends the last bit of each
 * @property {readonly Uint32Array[]} masks for each byte, the bits that accept it
 */

/**
 * @param {readonly string[]} literals taken as they are
 * @param {readonly string[]} shapes `#` stands for one digit, `*` for one of the characters of keys
 * @returns {Patterns}
 */
export function compile(literals, shapes) {
  const accepted = [
    ...literals.map((text) => Array.from(Buffer.from(text), (byte) => [byte])),
    ...shapes.map((text) => Array.from(text, bytesOf)),
  ];
  const lengths = accepted.map(({ length }) => length);
  const words = Math.ceil(lengths.reduce((sum, length) => sum + length, 0) / 32);
  const starts = new Uint32Array(words);
  const ends = new Uint32Array(words);
  const masks = Array.from({ length: 256 }, () => new Uint32Array(words));
  let bit = 0;
  for (const pattern of accepted) {
    set(starts, bit);
    for (const bytes of pattern) {
      for (const byte of bytes) set(/** @type {Uint32Array} */ (masks[byte]), bit);
      bit += 1;
    }
    set(ends, bit - 1);
  }
  return { lengths, starts, ends, masks };
}

/** @param {string} character */
function bytesOf(character) {
  const accepted = classes[/** @type {'#' | '*'} */ (character)];
  if (accepted === undefined) return [...Buffer.from(character)];
  return Array.from({ length: 128 }, (_, byte) => byte).filter((byte) => accepted.test(String.fromCharCode(byte)));
}

/** @param {Uint32Array} words @param {number} bit */
function set(words, bit) {
  words[bit >>> 5] = (words[bit >>> 5] ?? 0) | (1 << (bit & 31));
}

/** @param {Uint32Array} words @param {number} bit */
function isSet(words, bit) {
  return (((words[bit >>> 5] ?? 0) >>> (bit & 31)) & 1) === 1;
}

/** One stream of bytes on its way through a set of patterns. */
export class Redactor {
  /** @param {Patterns} patterns @param {Uint8Array} replacement */
  constructor(patterns, replacement) {
    this.patterns = patterns;
    this.replacement = replacement;
    this.state = new Uint32Array(patterns.starts.length);
    /** Bytes that may still turn out to be part of a match, and whether each is part of one already. */
    this.held = Buffer.alloc(0);
    /** @type {boolean[]} */
    this.hidden = [];
    this.hiding = false;
  }

  /** What may be shown now. @param {Uint8Array} data @param {boolean} last whether nothing will follow */
  push(data, last) {
    const from = this.held.length;
    this.held = Buffer.concat([this.held, data]);
    for (let at = from; at < this.held.length; at += 1) {
      this.hidden.push(false);
      if (this.step(/** @type {number} */ (this.held[at]))) this.hidden.fill(true, at + 1 - this.longest(true));
    }
    return this.release(last ? this.held.length : this.held.length - this.longest(false));
  }

  /** Takes one byte; whether a pattern ends with it. @param {number} byte */
  step(byte) {
    const { starts, ends, masks } = this.patterns;
    const mask = /** @type {Uint32Array} */ (masks[byte]);
    let carry = 0;
    let ended = 0;
    for (let word = 0; word < starts.length; word += 1) {
      const before = this.state[word] ?? 0;
      const now = ((before << 1) | carry | (starts[word] ?? 0)) & (mask[word] ?? 0);
      this.state[word] = now;
      ended |= now & (ends[word] ?? 0);
      carry = before >>> 31;
    }
    return ended !== 0;
  }

  /** The length of the longest pattern that has just matched, or of the longest that has only begun to. @param {boolean} whole */
  longest(whole) {
    let longest = 0;
    let first = 0;
    for (const length of this.patterns.lengths) {
      const least = whole ? length : longest + 1;
      for (let reached = whole ? length : length - 1; reached >= least && reached > longest; reached -= 1)
        if (isSet(this.state, first + reached - 1)) longest = reached;
      first += length;
    }
    return longest;
  }

  /** The first bytes held, with each run of hidden ones replaced. @param {number} count */
  release(count) {
    const shown = [];
    for (let at = 0, end = 0; at < count; at = end) {
      const hide = this.hidden[at] === true;
      for (end = at + 1; end < count && this.hidden[end] === hide;) end += 1;
      if (!hide) shown.push(this.held.subarray(at, end));
      else if (!this.hiding) shown.push(this.replacement);
      this.hiding = hide;
    }
    this.held = this.held.subarray(count);
    this.hidden.splice(0, count);
    return Buffer.concat(shown);
  }
}
