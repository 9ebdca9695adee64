import Libsql from 'libsql';

export type SqlValue = string | number | null;

const maxStatements = 256;

/** One connection, with its statements prepared once each. Rows are arrays of values. */
export class Connection {
  private readonly database: Libsql.Database;
  private readonly statements = new Map<string, Libsql.Statement>();

  constructor(path: string) {
    this.database = new Libsql(path);
  }

  exec(sql: string): void {
    this.database.exec(sql);
  }

  /** The first row. Where SQL yields more than one, use {@link rows}: an unread rest would hold a lock. */
  row(sql: string, ...values: SqlValue[]): readonly SqlValue[] | undefined {
    return this.prepare(sql).get(values) as SqlValue[] | undefined;
  }

  /** The one number that a statement asks for. */
  number(sql: string, ...values: SqlValue[]): number | undefined {
    return this.row(sql, ...values)?.[0] as number | undefined;
  }

  rows<T extends readonly SqlValue[]>(sql: string, ...values: SqlValue[]): T[] {
    return this.prepare(sql).all(values) as T[];
  }

  /** Returns how many rows were changed. */
  run(sql: string, ...values: SqlValue[]): number {
    return this.prepare(sql).run(values).changes;
  }

  /** A deferred transaction sees one state throughout; an immediate one waits its turn to write. */
  transaction<T>(mode: 'DEFERRED' | 'IMMEDIATE', work: () => T): T {
    this.run(`BEGIN ${mode}`);
    try {
      const result = work();
      this.run('COMMIT');
      return result;
    } catch (thrown) {
      // SQLite has rolled back by itself after some failures, a full disk for one.
      if (this.database.inTransaction) this.exec('ROLLBACK');
      throw thrown;
    }
  }

  close(): void {
    this.statements.clear();
    this.database.close();
  }

  private prepare(sql: string): Libsql.Statement {
    const known = this.statements.get(sql);
    if (known) return known;
    if (this.statements.size >= maxStatements) this.statements.clear();
    const statement = this.database.prepare(sql);
    if (statement.reader) statement.raw();
    this.statements.set(sql, statement);
    return statement;
  }
}
