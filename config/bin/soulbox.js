#!/usr/bin/env node
import module from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

// From Node.js 22 on compiled code is kept for the next start; not in a folder that others can write.
module.enableCompileCache?.(join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'soulbox', 'node'));

const { main } = await import('@soulbox/core/cli');

process.exitCode = await main(process.argv.slice(2), {
  defaultConfig: fileURLToPath(new URL('../default.yaml', import.meta.url)),
});
