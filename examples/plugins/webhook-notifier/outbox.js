import { createHmac, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

/** @typedef {import('@soulbox/plugin-sdk').PluginContext['log']} Log */
/** @typedef {{ url: string, secret: string, queue: number, attempts: number, timeoutMs: number, backoffMs: number }} Settings */

/** Whether another attempt makes sense after such an answer. @param {number} status */
const mayPass = (status) => status >= 500 || [408, 425, 429].includes(status);

const longestPauseMs = 60_000;

/** Posts messages one after another, in the order in which they came, each until it is taken or given up. */
export class Outbox {
  /** @param {Settings} settings @param {Log} log @param {AbortSignal} signal ends all of it */
  constructor(settings, log, signal) {
    this.settings = settings;
    this.log = log;
    this.signal = signal;
    /** @type {object[]} */
    this.waiting = [];
    this.lost = 0;
    /** @type {Promise<void> | undefined} */
    this.working = undefined;
  }

  /** Takes a message and never waits for anybody; one too many is lost. @param {object} message */
  add(message) {
    if (this.waiting.length >= this.settings.queue) this.lose('too many notifications wait');
    else this.waiting.push(message);
    this.working ??= this.work();
  }

  /** After the signal: resolves when nothing is under way any more. */
  async close() {
    await this.working;
    if (this.waiting.length > 0) this.log.warn({ waiting: this.waiting.length }, 'notifications were not sent');
  }

  async work() {
    for (let next = this.waiting.shift(); next !== undefined && !this.signal.aborted; next = this.waiting.shift()) {
      const failure = await this.deliver(next);
      if (failure !== undefined && !this.signal.aborted) this.lose(failure);
    }
    this.working = undefined;
  }

  /** @param {object} message @returns {Promise<string | undefined>} why it was given up */
  async deliver(message) {
    const { attempts, backoffMs } = this.settings;
    const body = JSON.stringify(message);
    const id = randomUUID();
    let failure = '';
    for (let attempt = 0; attempt < attempts && !this.signal.aborted; attempt += 1) {
      // Half of the pause is left to chance, so that hosts that were cut off together do not come back together.
      const longestMs = attempt === 0 ? 0 : Math.min(backoffMs * 2 ** (attempt - 1), longestPauseMs);
      const pauseMs = longestMs * (0.5 + Math.random() / 2);
      await pause(pauseMs, undefined, { signal: this.signal }).catch(() => undefined);
      const status = await this.post(body, id).catch((/** @type {Error} */ error) => error.name);
      failure = typeof status === 'number' ? `the receiver answered ${status}` : `no answer: ${status}`;
      if (typeof status !== 'number' || mayPass(status)) continue;
      return status >= 200 && status < 300 ? undefined : failure;
    }
    return failure;
  }

  /** @param {string} body @param {string} id */
  async post(body, id) {
    const { url, secret, timeoutMs } = this.settings;
    const timestamp = Math.floor(Date.now() / 1000).toString();
    const signature = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
    const response = await fetch(url, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        'x-soulbox-delivery': id,
        'x-soulbox-signature': `t=${timestamp},v1=${signature}`,
      },
      // A receiver must not be able to send the host somewhere else.
      redirect: 'manual',
      signal: AbortSignal.any([this.signal, AbortSignal.timeout(timeoutMs)]),
    });
    await response.body?.cancel();
    return response.status;
  }

  /** @param {string} why */
  lose(why) {
    this.lost += 1;
    // Once, ten times, a hundred times: a receiver that is down must not fill the log.
    if (/^10*$/.test(String(this.lost))) this.log.warn({ lost: this.lost, why }, 'notifications were lost');
  }
}
