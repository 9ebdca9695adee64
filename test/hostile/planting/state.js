// Plants state in every place that a program can reach, and looks for what another one has planted there.
// Arguments: `look`, `plant`, or both in the order in which they are to be done. Prints a line of JSON for each `look`.
const { spawn } = require('node:child_process');
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const mark = 'soulbox-planted';
/** What is planted, and how it is known again. */
const places = new Map();

for (const folder of [
  '.',
  '..',
  '/tmp',
  '/dev/shm',
  '/var/tmp',
  '/run',
  '/home',
  os.homedir(),
  '/',
  path.dirname(process.execPath),
]) {
  const file = path.join(path.resolve(folder), mark);
  places.set(`file in ${folder}`, { plant: () => fs.writeFileSync(file, ''), look: () => fs.existsSync(file) });
}

const property = (name, owner) =>
  places.set(name, { plant: () => (owner[mark] = true), look: () => Object.hasOwn(owner, mark) });
property('global variable', globalThis);
property('prototype of objects', Object.prototype);
property('prototype of arrays', Array.prototype);
property('environment', process.env);
property('modules that are loaded', require.cache);
property('properties of the process', process);

const patched = (name, owner, key) => {
  const real = owner[key];
  const isOwn = (value) => Function.prototype.toString.call(value).includes('(...given)');
  const replacement = function (...given) {
    return Reflect.apply(real, this, given);
  };
  places.set(name, { plant: () => (owner[key] = replacement), look: () => isOwn(owner[key]) });
};
patched('built-in function', globalThis, 'parseInt');
patched('method of arrays', Array.prototype, 'push');
patched('JSON', JSON, 'stringify');
patched('random numbers', Math, 'random');
patched('clock', Date, 'now');
patched('function of a module', fs, 'readFileSync');
patched('promises', Promise.prototype, 'then');

places.set('search path of modules', {
  plant: () => module.constructor.globalPaths.push(mark),
  look: () => module.constructor.globalPaths.includes(mark),
});
places.set('extension of modules', {
  plant: () => (require.extensions['.planted'] = () => undefined),
  look: () => '.planted' in require.extensions,
});
places.set('listener of the process', {
  plant: () => process.on('warning', () => undefined).on('uncaughtExceptionMonitor', () => undefined),
  look: () => process.listenerCount('uncaughtExceptionMonitor') > 0,
});
places.set('signal handler', {
  plant: () => process.on('SIGUSR2', () => undefined),
  look: () => process.listenerCount('SIGUSR2') > 0,
});
places.set('working directory', {
  plant: () => {
    fs.mkdirSync(`/tmp/${mark}-cwd`, { recursive: true });
    process.chdir(`/tmp/${mark}-cwd`);
  },
  look: () => process.cwd().includes(mark),
});
places.set('name of the process', {
  plant: () => (process.title = 'planted-name'),
  look: () => process.title === 'planted-name',
});
places.set('priority', { plant: () => os.setPriority(7), look: () => os.getPriority() === 7 });
places.set('limit of stack traces', {
  plant: () => (Error.stackTraceLimit = 77),
  look: () => Error.stackTraceLimit === 77,
});
places.set('process that stays', {
  plant: () => {
    const wait = `process.title = 'planted-stays'; process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);`;
    spawn(process.execPath, ['-e', wait], { detached: true, stdio: 'ignore' }).unref();
    // Until it is called so.
    for (let n = 0; n < 300 && !stays(); n += 1) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
  },
  look: () => stays(),
});

places.set('umask', { plant: () => process.umask(0o123), look: () => process.umask() === 0o123 });

function stays() {
  const pids = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.some((pid) => {
    try {
      return fs.readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('planted-stays');
    } catch {
      return false;
    }
  });
}

function look() {
  const found = [...places].filter(([, place]) => place.look()).map(([name]) => name);
  const fresh = { random: Math.random(), system: createHash('sha256').update(crypto.randomUUID()).digest('hex') };
  fs.writeSync(1, `${JSON.stringify({ places: [...places.keys()], found, fresh })}\n`);
}

function plant() {
  for (const place of places.values())
    try {
      place.plant();
    } catch {
      // A wall, which is well.
    }
}

for (const argument of process.argv.slice(2)) ({ look, plant })[argument]();
process.exit(0);
