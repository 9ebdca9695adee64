import { LanguageRuntime } from '@soulbox/plugin-sdk';
import { bothWays, languageRuntimeSuite, lifecycleSuite, packageSuite } from '@soulbox/plugin-sdk/conformance';
import { findCommand } from '@soulbox/plugin-sdk/toolchain';
import { runPlanUnsandboxed } from '@soulbox/plugin-sdk/testing';
import { describe } from 'node:test';
import plugin from '../index.js';

const folder = new URL('..', import.meta.url);
packageSuite({ folder });

const programs = {
  inspect: `
local function quote(text)
  return '"' .. text:gsub('[%c"\\\\]', function(c) return ('\\\\u%04x'):format(c:byte()) end) .. '"'
end
local args = {}
for i, value in ipairs(arg) do args[i] = quote(value) end
print(('{"args":[%s],"mark":%s,"stdin":%s}'):format(
  table.concat(args, ','), quote(os.getenv('SUITE_MARK')), quote(io.read('a'))))
os.exit(7)`,
  parts: {
    entry: 'app/start.lua',
    files: { 'app/start.lua': "print((require('app.words')))\n", 'app/words.lua': "return 'hello'\n" },
  },
  broken: 'print(1)\n\nlocal = (\n',
};

bothWays(folder, (way) => {
  lifecycleSuite({ plugin, isolated: way.isolated, badConfigs: { 'an empty command': { command: '' } } });
  const skip = findCommand('lua5.4').length === 0 && 'needs lua5.4';
  describe('with an interpreter', { skip }, () => {
    languageRuntimeSuite({
      create: () => way.start({ runtime: LanguageRuntime }),
      run: runPlanUnsandboxed,
      programs,
    });
  });
});
