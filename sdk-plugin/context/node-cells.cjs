'use strict';
// Runs the cells of a context, one after another, and tells over the control stream what they come to.
// `soulboxImport` and `require` are given by what starts it, which knows how to import from the working directory.
/* global require, soulboxImport, globalThis, process */
const { Socket } = require('node:net');
const { Session } = require('node:inspector');
const { Script } = require('node:vm');
const { inspect } = require('node:util');

const ownFile = 'soulbox:cells';
const control = new Socket({ fd: 3, readable: true, writable: true });
const session = new Session();
session.connect();

let cell = null;
let number = 0;
let interrupt = null;

function tell(type, rest) {
  if (cell !== null) control.write(`${JSON.stringify({ id: cell, type, ...rest })}\n`);
}

class Interrupted extends Error {
  name = 'Interrupted';
  constructor() {
    super('the cell was interrupted');
    this.stack = '';
  }
}

class ExitCalled extends Error {
  name = 'ExitCalled';
}

/** Hidden from loops over what the global object has. */
function define(name, value) {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
}

const displayMethods = [Symbol.for('Jupyter.display'), '_repr_mimebundle_'];

async function bundle(value) {
  if ((typeof value === 'object' || typeof value === 'function') && value !== null)
    for (const name of displayMethods) {
      const method = value[name];
      if (typeof method !== 'function') continue;
      const found = await method.call(value);
      if (typeof found === 'object' && found !== null) return { 'text/plain': inspect(value), ...found };
    }
  return { 'text/plain': inspect(value) };
}

/** Shows a value as richly as it can be shown; with `raw`, it is an object with a field for each MIME type already. */
async function display(value, { raw = false } = {}) {
  tell('display', { data: raw ? value : await bundle(value), metadata: {} });
}

function frameOf(line) {
  const place = /^\s+at (?:(.*?) \()?(.*?):(\d+):(\d+)\)?$/.exec(line);
  if (!place) return undefined;
  const [, name = '', file, row, column] = place;
  const isOwn = file === ownFile || file.startsWith('node:') || file.startsWith('evalmachine') || file === '[eval]';
  return isOwn ? undefined : { file, line: Number(row), column: Number(column), function: name, source: '' };
}

const sources = new Map();

function withSource(frame) {
  return { ...frame, source: sources.get(frame.file)?.[frame.line - 1]?.trim() ?? '' };
}

function told(thrown, details) {
  if (!(thrown instanceof Error)) {
    const text = inspect(thrown);
    return { name: 'Error', message: text, frames: [], text: `Uncaught ${text}\n` };
  }
  const lines = `${thrown.stack}`.split('\n');
  const frames = lines.flatMap((line) => frameOf(line) ?? []).map(withSource);
  const { name, message } = thrown;
  if (thrown instanceof SyntaxError && frames.length === 0 && details !== undefined) {
    const place = { file: `<cell-${number}>`, line: details.lineNumber + 1, column: details.columnNumber + 1 };
    frames.push(withSource({ ...place, function: '' }));
  }
  const trace = frames.map(
    (at) => `    at ${at.function ? `${at.function} ` : ''}(${at.file}:${at.line}:${at.column})`,
  );
  return { name, message, frames, text: [`${name}: ${message}`, ...trace, ''].join('\n') };
}

function valueOf(remote) {
  if (remote.objectId === undefined) {
    if (remote.unserializableValue === undefined) return remote.subtype === 'null' ? null : remote.value;
    const text = remote.unserializableValue;
    return text.endsWith('n') ? BigInt(text.slice(0, -1)) : Number(text);
  }
  let taken;
  define('__soulboxTake', (value) => {
    taken = value;
  });
  const { objectId } = remote;
  session.post('Runtime.callFunctionOn', {
    objectId,
    functionDeclaration: 'function (value) { __soulboxTake(value) }',
    arguments: [{ objectId }],
  });
  delete globalThis.__soulboxTake;
  return taken;
}

/** What the inspector makes of the code as a line of a console: names may be declared anew, and `await` is allowed. */
function evaluate(expression) {
  return new Promise((resolve, reject) => {
    interrupt = () => reject(new Interrupted());
    tell('start', {});
    define('__soulboxEvaluate', () => {
      const how = { expression, replMode: true, awaitPromise: true, objectGroup: 'cells' };
      session.post('Runtime.evaluate', how, (error, answer) => (error ? reject(error) : resolve(answer)));
    });
    try {
      // Of the ways to run code, this one can be interrupted while it does not return.
      new Script('__soulboxEvaluate()').runInThisContext({ breakOnSigint: true, displayErrors: false });
    } catch (thrown) {
      const wasInterrupted = thrown?.code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED';
      reject(wasInterrupted ? new Interrupted() : new Error(inspect(thrown)));
    }
  }).finally(() => {
    interrupt = null;
    delete globalThis.__soulboxEvaluate;
  });
}

async function run(id, code) {
  cell = id;
  number += 1;
  const file = `<cell-${number}>`;
  sources.set(file, code.split('\n'));
  try {
    const { result, exceptionDetails } = await evaluate(`${code}\n//# sourceURL=${file}`);
    const value = valueOf(result);
    if (exceptionDetails) tell('error', told(value, exceptionDetails));
    else if (value !== undefined) {
      define('_', value);
      tell('result', { data: await bundle(value), metadata: {} });
    }
  } catch (thrown) {
    tell('error', told(thrown));
  }
  session.post('Runtime.releaseObjectGroup', { objectGroup: 'cells' });
  tell('end', {});
  cell = null;
}

define('display', display);
define('require', require);
define('__soulboxImport', soulboxImport);
process.exit = (code = process.exitCode ?? 0) => {
  throw new ExitCalled(`process.exit(${code}) was called; the context goes on`);
};
process.on('SIGINT', () => interrupt?.());
for (const event of ['uncaughtException', 'unhandledRejection'])
  process.on(event, (thrown) => process.stderr.write(`Uncaught ${inspect(thrown)}\n`));

let received = Buffer.alloc(0);
let running = Promise.resolve();
control.on('data', (data) => {
  received = Buffer.concat([received, data]);
  for (;;) {
    const end = received.indexOf(10);
    if (end < 0) return;
    const [id, size] = received.toString('latin1', 0, end).split(' ').map(Number);
    if (received.length < end + 1 + size) return;
    const code = received.toString('utf8', end + 1, end + 1 + size);
    received = received.subarray(end + 1 + size);
    running = running.then(() => run(id, code));
  }
});
control.on('close', () => process.reallyExit(0));
control.write('{"type":"ready"}\n');
