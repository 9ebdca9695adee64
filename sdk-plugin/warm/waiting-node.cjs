'use strict';
// The first main file of a Node.js that waits in a sandbox for another. The descriptor 3 leads to the sandbox's supervisor:
// one byte says that all is ready, then the program's arguments and environment come.
const { runMain } = require('node:module');
const { closeSync, openSync, readSync, unlinkSync, writeSync } = require('node:fs');
const { resolve } = require('node:path');

function read(length) {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length;) {
    const got = readSync(3, bytes, at, length - at, null);
    // Nobody will come any more.
    if (got === 0) process.exit(0);
    at += got;
  }
  return bytes;
}

function setEnvironment(entries) {
  const split = (entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)];
  const environment = new Map(entries.map(split));
  for (const name of Object.keys(process.env)) if (!environment.has(name)) delete process.env[name];
  for (const [name, value] of environment) if (process.env[name] !== value) process.env[name] = value;
}

// It is no file of the program.
unlinkSync(__filename);
delete require.cache[__filename];
// What every program needs is loaded by then.
void process.stdout;
void process.stderr;
writeSync(3, 'r');
const job = read(read(4).readUInt32LE(0));
closeSync(3);
if (job[0] === 0) {
  closeSync(0);
  openSync('/dev/null', 'r');
}
const count = job.readUInt32LE(1);
const texts = job.toString('utf8', 9).split('\0').slice(0, -1);
const [main, ...rest] = texts.slice(process.execArgv.length + 1, count);
process.argv = [process.execPath, resolve(main), ...rest];
setEnvironment(texts.slice(count));
// Not from here, where it would show in every trace of the stack.
setImmediate(runMain);
