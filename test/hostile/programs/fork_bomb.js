const { spawn } = require('node:child_process');

function bomb() {
  const child = spawn('/bin/sleep', ['60']);
  // Long enough for one who only looks now and then.
  child.on('error', () => setTimeout(() => process.exit(1), 200));
  setImmediate(bomb);
}
bomb();
