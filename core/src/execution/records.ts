import type { Logger } from 'pino';
import { isSoulboxError, SoulboxError, type ExecutionResult, type Store, type StoreChange } from '@soulbox/plugin-sdk';
import { delay } from '../deadline.ts';
import { fitting } from './fitting.ts';
import type { LiveExecution } from './live.ts';
import { executionCollection, fromDocument, makeRecord, toDocument, type ExecutionRecord } from './record.ts';

const attempts = 5;

/** The executions in the store: each is written when it is accepted, and once more when it has its final state. */
export class Records {
  private readonly store: Store;
  private readonly instanceId: string;
  private readonly log: Logger;

  constructor(store: Store, instanceId: string, log: Logger) {
    this.store = store;
    this.instanceId = instanceId;
    this.log = log;
  }

  /**
   * Makes a new execution durable, together with `claim`; where it has its final state already, in a form that the store
   * has room for. @throws conflict when the claim does not hold, storage_failed
   */
  async accept(live: LiveExecution, claim?: StoreChange): Promise<void> {
    const claims = claim ? [claim] : [];
    const lastSeq = live.result.status === 'settled' ? live.log.lastSeq + 1 : 0;
    const write = async (form: ExecutionResult) => {
      [live.version = 1] = await this.store.commit([this.change(live, form, lastSeq, 0), ...claims]);
      return form;
    };
    live.result = await fitting(live.result, write);
  }

  /**
   * Makes the final state durable, at the latest with a few repeats. Resolves with the state that the store holds: where
   * another host that took this one for dead was first, it is that host's.
   * @throws storage_failed
   */
  settle(live: LiveExecution, result: ExecutionResult): Promise<ExecutionResult> {
    return this.settleFrom(1, live, result);
  }

  private async settleFrom(attempt: number, live: LiveExecution, result: ExecutionResult): Promise<ExecutionResult> {
    try {
      return await this.trySettle(live, result);
    } catch (cause) {
      const { id } = live.request;
      this.log.error({ err: cause, execution: id, attempt }, 'a settled execution could not be recorded');
      if (attempt === attempts) throw new SoulboxError('storage_failed', 'the result could not be recorded', { cause });
    }
    await delay(100 * 2 ** attempt, new AbortController().signal);
    return this.settleFrom(attempt + 1, live, result);
  }

  /** One attempt of {@link settle}. What the store has no room for is recorded with less of its output. */
  trySettle(live: LiveExecution, result: ExecutionResult): Promise<ExecutionResult> {
    return fitting(result, (form) => this.commit(live, form));
  }

  private async commit(live: LiveExecution, result: ExecutionResult): Promise<ExecutionResult> {
    try {
      await this.store.commit([this.change(live, result, live.log.lastSeq + 1, live.version)]);
      return result;
    } catch (thrown) {
      if (!isSoulboxError(thrown) || thrown.code !== 'conflict') throw thrown;
      // Also where an earlier attempt was written although it seemed to fail.
      const record = await this.find(live.request.id, live.request.tenant);
      if (record.status !== 'settled') throw thrown;
      return record.result;
    }
  }

  private change(live: LiveExecution, result: ExecutionResult, lastSeq: number, ifVersion: number): StoreChange {
    const { tenant, principalId, id } = live.request;
    const record = makeRecord(result, { tenant, principalId, instance: this.instanceId, lastSeq });
    return { op: 'put', collection: executionCollection, id, value: toDocument(record), ifVersion };
  }

  /** A tenant's execution. @throws not_found, also for what belongs to another tenant */
  async find(id: string, tenant: string): Promise<ExecutionRecord> {
    const found = await this.store.get(executionCollection, id);
    const record = found ? fromDocument(found) : undefined;
    if (!record || record.tenant !== tenant)
      throw new SoulboxError('not_found', 'there is no such execution', { details: { id } });
    return record;
  }
}
