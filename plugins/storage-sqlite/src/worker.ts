import { parentPort, workerData } from 'node:worker_threads';
import { Database } from './database.ts';
import type { DatabaseOptions, Reply, Request } from './messages.ts';
import { packError } from './storage-error.ts';

type Commit = Request & { readonly name: 'commit' };

function isCommit(request: Request): request is Commit {
  return request.name === 'commit';
}

function serve(database: Database, requests: readonly Request[]): Reply[] {
  const answer = (request: Exclude<Request, Commit>): Reply => {
    const { number, name } = request;
    try {
      const handle = database.answers[name] as (argument: unknown) => unknown;
      return { number, result: handle(request.argument) };
    } catch (thrown) {
      return { number, error: packError(thrown) };
    }
  };
  const commits = requests.filter(isCommit);
  const others = requests.filter((request): request is Exclude<Request, Commit> => !isCommit(request));
  // A follower that starts with these commits must see them; any other reader must see nothing that may yet fail.
  const early = others.filter(({ name }) => name === 'head').map(answer);
  const outcomes = commits.length > 0 ? database.commitAll(commits.map(({ argument }) => argument)) : [];
  const committed = outcomes.map((outcome, index): Reply => {
    const { number } = commits[index]!;
    return 'error' in outcome ? { number, error: packError(outcome.error) } : { number, result: outcome.versions };
  });
  return [...early, ...committed, ...others.filter(({ name }) => name !== 'head').map(answer)];
}

const port = parentPort!;
let database: Database | undefined;
let waiting: Request[] = [];
try {
  database = new Database(workerData as DatabaseOptions);
  port.postMessage(null);
} catch (thrown) {
  port.postMessage(packError(thrown));
}

// What arrives while the disk is busy is served together: so the more is asked, the more share one wait.
if (database) {
  const open = database;
  port.on('message', (arrived: readonly Request[]) => {
    waiting = waiting.concat(arrived);
    if (waiting.length > arrived.length) return;
    setImmediate(() => {
      const requests = waiting;
      waiting = [];
      port.postMessage(serve(open, requests));
      if (requests.some(({ name }) => name === 'close')) port.close();
    });
  });
}
