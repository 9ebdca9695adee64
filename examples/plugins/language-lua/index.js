import { realpath } from 'node:fs/promises';
import { definePlugin, LanguageRuntime, parse, z } from '@soulbox/plugin-sdk';
import {
  asOperand,
  chooseEntry,
  findCommand,
  firstUsable,
  isSystemLibrary,
  outermost,
  probe,
  toolchainRuntime,
} from '@soulbox/plugin-sdk/toolchain';

const missing = 'no Lua interpreter was found; install Lua 5.4 (Debian, Ubuntu: apt install lua5.4)';

/** Asks an interpreter what it is made of: its version, its shared libraries, and where packages may lie. */
const inspection = `
local libraries, folders = {}, {}
for line in io.lines('/proc/self/maps') do
  local path = line:match('%S*/[^/]+%.so[%d.]*$')
  if path then libraries[#libraries + 1] = ('%q'):format(path) end
end
for folder in (package.path .. ';' .. package.cpath):gmatch('(/[^;?]*)/[^;/]*%?') do folders[#folders + 1] = ('%q'):format(folder) end
print(('{"version":"%s","libraries":[%s],"folders":[%s]}'):format(
  _VERSION:match('[%d.]+'), table.concat(libraries, ','), table.concat(folders, ',')))`;

const Answer = z.object({ version: z.string(), libraries: z.array(z.string()), folders: z.array(z.string()) });

const environment = { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/home/sandbox', LANG: 'C.UTF-8' };

/** @param {string} candidate */
async function inspect(candidate) {
  const executable = await realpath(candidate);
  // With the environment of a box: LUA_PATH of the host does not hold there.
  const answer = await probe(executable, ['-e', inspection], { env: environment });
  const { version, libraries, folders } = parse(Answer, answer, 'internal');
  const own = libraries.filter((library) => !isSystemLibrary(library));
  return { executable, version, paths: outermost([executable, ...own, ...folders]) };
}

/** Brings the language `lua`. */
export default definePlugin({
  id: 'language-lua',
  config: z.strictObject({ command: z.string().min(1).default('lua5.4') }),
  provides: [LanguageRuntime],
  setup({ config, log, provide }) {
    const runtime = toolchainRuntime({
      about: {
        name: 'lua',
        aliases: ['lua5.4'],
        extensions: ['.lua'],
        canary: { code: 'print(6 * 7)\n', stdout: '42\n' },
      },
      find: () => firstUsable(findCommand(config.command), inspect, missing),
      onUnusable: (detail) => log.warn({ detail }, 'Lua cannot be used'),
      plan(input, { executable }) {
        const rules = { codeName: 'main.lua', usual: ['main.lua'], extensions: ['.lua'] };
        const { entry, files } = chooseEntry(input, rules);
        // Unbuffered, so that output streams, and nothing is lost when a limit ends the program.
        const argv = [executable, '-e', "io.stdout:setvbuf('no')", asOperand(entry), ...input.args];
        return { ok: true, files, stages: [{ name: 'run', argv, env: environment, stdin: true }] };
      },
    });
    provide(LanguageRuntime, runtime, 'lua');
  },
});
