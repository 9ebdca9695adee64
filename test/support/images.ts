import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/**
 * What to give as a test's `skip`: `false` when the engine of DOCKER_HOST, by default that of this machine, has the images
 * of these languages, else a reason, which begins with "needs", as that of `needs` does, but where the engine lets only
 * others in.
 */
export async function needsImages(languages: readonly string[]): Promise<false | string> {
  const reason = 'needs docker images: see test/support/docker/images.sh';
  try {
    const args = ['image', 'ls', '--format', '{{.Repository}}', '--filter', 'reference=soulbox/language-*'];
    const { stdout } = await promisify(execFile)('docker', args, { timeout: 20_000 });
    const present = new Set(stdout.split('\n'));
    return languages.every((language) => present.has(`soulbox/language-${language}`)) ? false : reason;
  } catch (thrown) {
    const { stderr = '' } = thrown as { stderr?: string };
    return /permission denied/i.test(stderr) ? 'the docker engine does not let this user in' : reason;
  }
}
