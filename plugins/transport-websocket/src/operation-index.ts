import type { Api, OperationDescriptor } from '@soulbox/plugin-sdk';

const refreshMs = 1_000;

/** Knows which operations stream, without describing all of them for each call. */
export class OperationIndex {
  private readonly api: Api;
  private streaming = new Map<string, boolean>();
  private refreshedAt = -Infinity;
  private refreshing: Promise<void> | undefined;

  constructor(api: Api) {
    this.api = api;
  }

  /** Whether the operation sends events; of an unknown one, no. */
  streams(operation: string): boolean | Promise<boolean> {
    return this.streaming.get(operation) ?? this.lookUp(operation);
  }

  private async lookUp(operation: string): Promise<boolean> {
    // A client that makes up names must not make the host describe itself each time.
    if (performance.now() - this.refreshedAt >= refreshMs) await (this.refreshing ??= this.refresh());
    return this.streaming.get(operation) ?? false;
  }

  /** To be called when plugins come or go. */
  forget(): void {
    this.streaming = new Map();
    this.refreshedAt = -Infinity;
  }

  describe(): Promise<readonly OperationDescriptor[]> {
    return this.api.operations();
  }

  private async refresh(): Promise<void> {
    try {
      const operations = await this.api.operations();
      this.streaming = new Map(operations.map((operation) => [operation.name, operation.event !== null]));
      this.refreshedAt = performance.now();
    } finally {
      this.refreshing = undefined;
    }
  }
}
