import { main } from '../../src/cli/main.ts';

// An error that is nobody's: out of a handler that was set before there was a plugin.
process.on('SIGUSR2', () => {
  throw new Error('told to throw');
});

process.exitCode = await main(process.argv.slice(2));
