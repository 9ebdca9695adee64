import { execFileSync } from 'node:child_process';
import { closeSync, lstatSync, openSync, readdirSync, readFileSync, readlinkSync, writeSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const directory = 0o040_755;
const regular = 0o100_000;
const symbolicLink = 0o120_777;
const characterDevice = 0o020_600;

/**
 * A root file system for a kernel's first process, in the format `newc` of cpio. What is added comes with the folders
 * and symbolic links on the way to it. Belongs to root, whoever makes it.
 */
export class Initramfs {
  readonly #file: number;
  readonly #known = new Set<string>(['/']);
  #entries = 0;

  constructor(file: string) {
    this.#file = openSync(file, 'w');
    this.folder('/dev');
    // The kernel opens it for the first process before anything is mounted.
    this.#write('/dev/console', characterDevice, Buffer.alloc(0), [5, 1]);
  }

  folder(path: string): void {
    if (this.#isNew(path)) this.#write(path, directory, Buffer.alloc(0));
  }

  file(path: string, content: Buffer | string, mode = 0o644): void {
    if (this.#isNew(path)) this.#write(path, regular | mode, Buffer.from(content));
  }

  link(path: string, target: string): void {
    if (this.#isNew(path)) this.#write(path, symbolicLink, Buffer.from(target));
  }

  /** A file, link or folder of this machine at `from`, and all below it that `wanted` says, put at `path`. */
  copy(path: string, from = path, wanted: (from: string) => boolean = () => true): void {
    const found = lstatSync(from);
    if (found.isSymbolicLink() && path === from) {
      this.#hostLink(path);
    } else if (found.isDirectory()) {
      this.folder(path);
      for (const name of readdirSync(from)) {
        const inner = join(from, name);
        if (lstatSync(inner).isDirectory() || wanted(inner)) this.copy(join(path, name), inner, wanted);
      }
    } else if (found.isFile()) {
      this.file(path, readFileSync(from), found.mode & 0o777);
    }
  }

  /** A program of this machine and the libraries that it is linked to. */
  program(path: string): void {
    this.copy(path);
    let linked = '';
    try {
      linked = execFileSync('ldd', [path], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    } catch {
      // Not linked dynamically.
    }
    for (const [, library] of linked.matchAll(/(\/\S+) \(0x/g)) this.copy(library!);
  }

  finish(): void {
    this.#write('/TRAILER!!!', 0, Buffer.alloc(0));
    closeSync(this.#file);
  }

  #isNew(path: string): boolean {
    const parent = dirname(path);
    if (!this.#known.has(parent)) this.#parent(parent);
    const isNew = !this.#known.has(path);
    this.#known.add(path);
    return isNew;
  }

  #parent(path: string): void {
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) this.#hostLink(path);
    else this.folder(path);
  }

  #hostLink(path: string): void {
    const target = readlinkSync(path);
    this.link(path, target);
    this.#target(resolve(dirname(path), target));
  }

  /** A folder that a link leads to is filled by those who add files in it. */
  #target(path: string): void {
    if (lstatSync(path).isDirectory()) this.folder(path);
    else this.copy(path);
  }

  #write(path: string, mode: number, content: Buffer, [major, minor] = [0, 0]): void {
    const name = Buffer.from(`${path.slice(1)}\0`);
    const fields = [++this.#entries, mode, 0, 0, 1, 0, content.length, 0, 0, major, minor, name.length, 0];
    const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
    for (const part of [Buffer.concat([Buffer.from(header), name]), content]) {
      writeSync(this.#file, part);
      writeSync(this.#file, Buffer.alloc(-part.length & 3));
    }
  }
}
