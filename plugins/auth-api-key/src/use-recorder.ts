import type { PluginContext } from '@soulbox/plugin-sdk';
import type { KeyRepository } from './key-repository.ts';

/** Writes when keys were last used, many at once and now and then: a use must not cost a write. */
export class UseRecorder {
  private readonly repository: Pick<KeyRepository, 'noteUses'>;
  private readonly log: PluginContext['log'];
  private uses = new Map<string, number>();

  constructor(repository: Pick<KeyRepository, 'noteUses'>, log: PluginContext['log']) {
    this.repository = repository;
    this.log = log;
  }

  used(id: string): void {
    this.uses.set(id, Date.now());
  }

  /** Never rejects: a time of use that is lost harms nobody, and the next one comes. */
  async flush(): Promise<void> {
    const { uses } = this;
    if (uses.size === 0) return;
    this.uses = new Map();
    try {
      await this.repository.noteUses(uses);
    } catch (err) {
      this.log.warn({ err }, 'the last uses of keys were not written');
    }
  }
}
