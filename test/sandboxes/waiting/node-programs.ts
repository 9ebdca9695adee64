import type { ComparedProgram, ProgramOptions } from './program.ts';

const node = (name: string, code: string, { files = {}, ...over }: ProgramOptions = {}): ComparedProgram => ({
  name,
  language: 'javascript',
  files: over.entry === undefined ? { 'main.js': code, ...files } : files,
  ...over,
});
const module = (name: string, code: string, { files = {}, ...over }: ProgramOptions = {}): ComparedProgram => ({
  name: `${name}, as a module`,
  language: 'javascript',
  files: { 'main.mjs': code, ...files },
  ...over,
});
const typed = (name: string, code: string, { files = {}, ...over }: ProgramOptions = {}): ComparedProgram => ({
  name,
  language: 'typescript',
  files: { 'main.ts': code, ...files },
  ...over,
});

const show =
  'console.log(process.argv.slice(1), process.execArgv, process.argv0, process.cwd(), process.pid, process.ppid)';

export const nodePrograms: readonly ComparedProgram[] = [
  node(
    'arguments',
    `${show}; console.log(__filename, __dirname, require.main === module, module.id, module.paths.length)`,
    {
      args: ['a b', '', '-x', '--inspect', 'é😀'],
    },
  ),
  module('arguments', `${show}; console.log(import.meta.url, import.meta.filename, typeof require)`, { args: ['x'] }),
  node(
    'globals',
    'console.log(Object.getOwnPropertyNames(globalThis).length, this === module.exports, typeof exports, process.mainModule === module, module.parent, Object.keys(require.cache))',
  ),
  node('environment', 'console.log(Object.entries(process.env).sort(), process.env.NONE)', {
    env: { OWN: 'value', WITH_EQUALS: 'a=b', EMPTY: '' },
  }),
  node(
    'descriptors',
    'console.log(require("fs").readdirSync("."), process.stdin.fd, process.stdout.isTTY, process.stdout.writableHighWaterMark)',
  ),
  node('input', 'process.stdin.on("data", (d) => console.log(String(d))).on("end", () => console.log("end"))', {
    stdin: 'text',
  }),
  node(
    'input at once',
    'console.log(require("fs").readFileSync(0, "utf8"), require("fs").readFileSync(0, "utf8").length)',
    { stdin: 'text' },
  ),
  node('no input', 'process.stdin.on("data", console.log).on("end", () => console.log("end"))'),
  node('a wrong syntax', 'const x = 1;\nconst y = ;'),
  module('a wrong syntax', 'const x = 1;\nconst y = ;'),
  node('an object thrown', 'throw { a: 1 }'),
  node('a string thrown later', 'setTimeout(() => { throw "late" }, 5)'),
  node('a rejection', 'Promise.reject(new RangeError("no")).finally(() => console.log("x"))'),
  node('a rejection of nothing', 'Promise.reject()'),
  module('a wait without end', 'console.log(1); await new Promise(() => {})'),
  module('a missing import', 'import "./not-there.mjs"'),
  node('a missing module', 'try { require("./not-there") } catch (e) { console.log(e.code, e.requireStack) }'),
  ...['', '0', '3', '256', '-1'].map((code) =>
    node(`process.exit(${code})`, `console.log("x"); process.exit(${code})`),
  ),
  node('process.exitCode', 'process.exitCode = 9; console.log("x")'),
  node(
    'exit handlers',
    'process.on("exit", (c) => console.log("exit", c)).on("beforeExit", () => console.log("before"))',
  ),
  node('process.abort', 'process.abort()'),
  node('a signal of its own', 'process.kill(process.pid, "SIGTERM"); setTimeout(() => {}, 5000)'),
  node(
    'a signal handled',
    'process.once("SIGUSR2", (s) => console.log(s)); process.kill(process.pid, "SIGUSR2"); setTimeout(() => {}, 50)',
  ),
  node(
    'an exception handled',
    'process.on("uncaughtException", (e, origin) => console.log(e.message, origin)); null.x',
  ),
  node('warnings', 'process.emitWarning("own"); new Buffer(1); console.log("x")'),
  node(
    'order of turns',
    'setImmediate(() => console.log("immediate")); process.nextTick(() => console.log("tick")); Promise.resolve().then(() => console.log("promise")); queueMicrotask(() => console.log("micro")); console.log("main")',
  ),
  module(
    'order of turns',
    'setImmediate(() => console.log("immediate")); process.nextTick(() => console.log("tick")); Promise.resolve().then(() => console.log("promise")); console.log("main")',
  ),
  node(
    'deep recursion',
    'let n = 0; const f = () => { n++; f() }; try { f() } catch (e) { console.log(e instanceof RangeError, n > 5000) }',
  ),
  node(
    'a worker',
    'const { Worker, isMainThread, workerData, threadId } = require("worker_threads"); if (isMainThread) new Worker(__filename, { workerData: 7 }).on("exit", (c) => console.log("exit", c)); else console.log(workerData, threadId, process.argv.length)',
  ),
  module(
    'a worker',
    'import { Worker, isMainThread } from "node:worker_threads"; if (isMainThread) new Worker(new URL(import.meta.url)).on("exit", (c) => console.log("exit", c)); else console.log("in it")',
  ),
  node(
    'a fork',
    'const { fork } = require("child_process"); if (process.send) { process.send(process.argv.slice(2)); process.disconnect() } else fork(__filename, ["c"]).on("message", console.log).on("exit", (c) => console.log("exit", c))',
  ),
  node(
    'a child',
    'console.log(require("child_process").execFileSync(process.execPath, ["-p", "[process.argv.length, process.env.OWN]"], { encoding: "utf8" }))',
    { env: { OWN: 'v' } },
  ),
  node(
    'a child with its streams',
    'require("child_process").spawn("/bin/cat", { stdio: "inherit" }).on("exit", console.log)',
    { stdin: 'in' },
  ),
  node('files of its own', 'console.log(require("./lib"), require("./data.json"), require.resolve("./lib"))', {
    files: {
      'lib/index.js': 'module.exports = require("../other")',
      'other.js': 'exports.v = __filename',
      'data.json': '{"a":1}',
    },
  }),
  node(
    'a package of type module',
    'import { readFileSync } from "fs"; console.log(import.meta.url, typeof require, readFileSync("main.js").length)',
    {
      files: { 'package.json': '{"type":"module"}' },
    },
  ),
  node('a package with imports', 'console.log(require("#own"), require("self/x"))', {
    files: {
      'package.json': '{"name":"self","imports":{"#own":"./o.js"},"exports":{"./x":"./o.js"}}',
      'o.js': 'module.exports = __filename',
    },
  }),
  node('a wrong package.json', 'console.log(1)', { files: { 'package.json': '{"type":' } }),
  node('node_modules of its own', 'console.log(require("dep"))', {
    files: { 'node_modules/dep/index.js': 'module.exports = "dep"' },
  }),
  node('CommonJS by its ending', 'console.log(typeof require)', {
    entry: 'main.cjs',
    files: { 'main.cjs': 'console.log(typeof require, __filename)', 'package.json': '{"type":"module"}' },
  }),
  node('a program in a folder', '', {
    entry: 'src/app.js',
    files: { 'src/app.js': `${show}; console.log(require("./b"))`, 'src/b.js': 'module.exports = __dirname' },
  }),
  node('import()', 'import("./m.mjs").then((m) => console.log(m.default, m))', {
    files: { 'm.mjs': 'export default 1; export const x = import.meta.url' },
  }),
  node('module syntax without a type', 'import fs from "fs"; console.log(typeof fs.readFileSync)'),
  node(
    'the stack within the program',
    'const f = () => new Error("e").stack.split("\\n").slice(0, 3).join("\\n"); console.log(f())',
  ),
  node(
    'strict or not',
    'console.log((function () { return this === globalThis })()); undeclared = 1; console.log(undeclared)',
  ),
  node(
    'time zone and locale',
    'console.log(new Date(0).toString(), Intl.DateTimeFormat().resolvedOptions().locale, (1234.5).toLocaleString())',
  ),
  node('another time zone', 'console.log(new Date(0).toString())', { env: { TZ: 'Asia/Tokyo' }, isCold: true }),
  node('options of its own', 'console.log(process.env.NODE_OPTIONS); throw new Error("x").message', {
    env: { NODE_OPTIONS: '--stack-trace-limit=1' },
    isCold: true,
  }),
  node('a time zone set within', 'process.env.TZ = "Asia/Tokyo"; console.log(new Date(0).getHours())'),
  node(
    'performance and hrtime',
    'console.log(performance.now() >= 0, process.uptime() >= 0, typeof process.hrtime.bigint())',
  ),
  node(
    'async_hooks',
    'const { AsyncLocalStorage } = require("async_hooks"); const s = new AsyncLocalStorage(); s.run(1, () => setTimeout(() => console.log(s.getStore()), 1)); console.log(s.getStore())',
  ),
  node('a console of much', 'for (let i = 0; i < 3000; i++) console.log("line", i); process.exit(0)'),
  node('the interpreter line', '#!/usr/bin/env node\nconsole.log("after")'),
  node('resources', 'console.log(require("fs").readFileSync("/proc/self/limits", "utf8"))'),
  module(
    'an exception within',
    'try { (() => { throw new Error("x") })() } catch (e) { console.log(e.message, e.stack.split("\\n")[1].trim()) }',
  ),
  typed(
    'types',
    'enum Unit { One = 1 }\nconst f = (n: number): string => `${n}`;\nconsole.log(f(Unit.One), process.argv.length)',
    { args: ['a'] },
  ),
  typed('files of its own', 'import { v } from "./lib";\nconsole.log(v)', {
    files: { 'lib.ts': 'export const v: string = "lib";' },
  }),
  typed(
    'a place in the source',
    'interface A { a: number }\n\nconst f = (): A => {\n  throw new Error("here");\n};\ntry { f() } catch (e) { console.log((e as Error).stack!.split("\\n")[1]!.trim()) }',
  ),
  typed('input', 'process.stdin.on("data", (d: Buffer) => console.log(d.toString()))', { stdin: 'text' }),
  typed('an exit code', 'process.exit(7)'),
];
