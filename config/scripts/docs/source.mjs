import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from 'oxc-parser';
import { root } from '../workspaces.mjs';

/** @typedef {Record<string, any> & { type: string, start: number, end: number }} Node */
/** @typedef {{ name: string, node: Node, doc: string, text: string }} Declaration `text` is the source, with its comment */

/** A TypeScript file of the repository, as far as its documents need it. */
export class Source {
  /** @param {string} file relative to the root */
  constructor(file) {
    this.text = readFileSync(join(root, file), 'utf8');
    const { program, comments, errors } = parseSync(file, this.text);
    if (errors[0]) throw new SyntaxError(`${file}: ${errors[0].message}`);
    this.comments = comments;
    /** What it exports, in order. @type {Declaration[]} */
    this.exports = program.body.flatMap((statement) => {
      const node = statement.type === 'ExportNamedDeclaration' ? statement.declaration : null;
      if (!node) return [];
      const named = /** @type {Node} */ (node.type === 'VariableDeclaration' ? node.declarations[0] : node);
      const comment = this.commentBefore(statement.start);
      return [
        {
          name: named.id.name,
          node: named,
          doc: comment ? clean(comment.value) : '',
          // What a function does is for its comment to say.
          text: this.text
            .slice(
              comment?.start ?? statement.start,
              named.body?.type === 'BlockStatement' ? named.body.start : statement.end,
            )
            .trim(),
        },
      ];
    });
  }

  /** @param {string} name @returns {Declaration} */
  find(name) {
    const found = this.exports.find((declaration) => declaration.name === name);
    if (!found) throw new Error(`nothing exported is called ${name}`);
    return found;
  }

  /** @param {Node} node */
  slice({ start, end }) {
    return this.text.slice(start, end);
  }

  /** The comment right before a place, if it documents what stands there. @param {number} start */
  commentBefore(start) {
    return this.comments.find(
      ({ type, value, end }) =>
        type === 'Block' && value.startsWith('*') && end <= start && this.text.slice(end, start).trim() === '',
    );
  }

  /** @param {Node} node */
  docOf(node) {
    const comment = this.commentBefore(node.start);
    return comment ? clean(comment.value) : '';
  }
}

/** The text of a comment, with links as names. @param {string} comment */
function clean(comment) {
  return comment
    .replace(/^\*/, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
    .join('\n')
    .replace(/\{@link ([\w.]+)\}/g, '`$1`')
    .trim();
}

/** @param {string} code */
export const fenced = (code) => `\`\`\`ts\n${code}\n\`\`\``;
