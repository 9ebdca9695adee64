#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import { main } from '@soulbox/core/cli';

process.exitCode = await main(process.argv.slice(2), {
  defaultConfig: fileURLToPath(new URL('../default.yaml', import.meta.url)),
});
