import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An HTTP server on a socket that answers as it is told, for what a real engine cannot be brought to say. */
export class ScriptedEngine implements AsyncDisposable {
  readonly #folder: string;
  readonly #server: Server;

  private constructor(folder: string, answer: RequestListener) {
    this.#folder = folder;
    this.#server = createServer(answer);
  }

  static async start(answer: RequestListener): Promise<ScriptedEngine> {
    const engine = new ScriptedEngine(await mkdtemp(join(tmpdir(), 'soulbox-scripted-')), answer);
    engine.#server.listen(join(engine.#folder, 'docker.sock'));
    await once(engine.#server, 'listening');
    return engine;
  }

  /** Answers each request, known by its method and path, with a status and JSON. */
  static answering(answers: (request: string, message: IncomingMessage) => [number, unknown]): Promise<ScriptedEngine> {
    return ScriptedEngine.start((request, response) => {
      request.resume();
      const [status, body] = answers(`${request.method} ${request.url}`, request);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  }

  get host(): string {
    return `unix://${join(this.#folder, 'docker.sock')}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
