import { UsageError } from '@soulbox/plugin-sdk';

/** What a new plugin is called, in every form that its files need. */
export interface Names {
  /** Its id and folder: `word-count`. */
  readonly name: string;
  readonly package: string;
  /** The group of its operations: `wordCount`. */
  readonly group: string;
  /** For people: `Word count`. */
  readonly title: string;
}

const longest = 64;

/** @throws UsageError for a name that cannot be the id of a plugin */
export function namesOf(name: string): Names {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || name.length > longest)
    throw new UsageError(`"${name}" is not a name in kebab-case, such as word-count, of at most ${longest} letters`);
  const words = name.split('-');
  // What operations are called has letters only.
  const group = words
    .map((word) => word.replaceAll(/[0-9]/g, ''))
    .filter((word) => word !== '')
    .map((word, index) => (index === 0 ? word : word[0]?.toUpperCase() + word.slice(1)))
    .join('');
  const title = words.join(' ');
  return { name, package: `soulbox-plugin-${name}`, group, title: title[0]?.toUpperCase() + title.slice(1) };
}
