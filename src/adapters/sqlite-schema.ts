/**
 * The tables of a store, and how an older store becomes a newer one.
 *
 * `user_version` is the schema version: the number of migrations applied. A released migration never changes; a new
 * version is one more at the end of the list.
 */
import type { DatabaseSync } from 'node:sqlite'

/** Marks the file as a store of ours (`PRAGMA application_id`): "SPOR". */
export const APPLICATION_ID = 0x53504f52

/** Brings the schema from one version to the next; runs inside a transaction of its own. */
export type Migration = (database: DatabaseSync) => void

/**
 * `logs.log` is a short number for the 16 bytes of a log id, which would otherwise stand twice in every entry. Forks
 * name the whole id, since a fork can be proven of a log that this spore does not hold.
 */
function createTables(database: DatabaseSync): void {
  database.exec(`
    CREATE TABLE origin (
      only INTEGER PRIMARY KEY CHECK (only = 1),
      public_key BLOB NOT NULL,
      network TEXT NOT NULL,
      epoch BLOB NOT NULL
    ) STRICT;

    CREATE TABLE logs (
      log INTEGER PRIMARY KEY,
      log_id BLOB NOT NULL UNIQUE,
      public_key BLOB NOT NULL,
      space TEXT NOT NULL,
      epoch BLOB NOT NULL,
      next INTEGER NOT NULL,
      chain BLOB NOT NULL,
      clock INTEGER NOT NULL,
      segment_start INTEGER NOT NULL,
      segment_bytes INTEGER NOT NULL,
      arrival INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE entries (
      arrival INTEGER PRIMARY KEY,
      log INTEGER NOT NULL,
      seq INTEGER NOT NULL,
      header BLOB NOT NULL,
      payload BLOB,
      UNIQUE (log, seq)
    ) STRICT;

    CREATE TABLE heads (
      log INTEGER NOT NULL,
      seq INTEGER NOT NULL,
      chain BLOB NOT NULL,
      clock INTEGER NOT NULL,
      signature BLOB NOT NULL,
      PRIMARY KEY (log, seq)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE forks (
      log_id BLOB PRIMARY KEY NOT NULL,
      seq INTEGER NOT NULL,
      proof BLOB NOT NULL
    ) STRICT;

    CREATE TABLE keys (
      place INTEGER PRIMARY KEY,
      key TEXT NOT NULL UNIQUE,
      value TEXT NOT NULL
    ) STRICT;

    CREATE TABLE named_values (
      name TEXT PRIMARY KEY NOT NULL,
      value BLOB NOT NULL
    ) STRICT;
  `)
}

/** Version 2: logs that are held above a gap, fetched newest first. */
function addPartials(database: DatabaseSync): void {
  database.exec(`
    CREATE TABLE partials (
      log INTEGER PRIMARY KEY,
      base INTEGER NOT NULL,
      base_bytes INTEGER NOT NULL,
      chain_before BLOB NOT NULL,
      base_clock INTEGER NOT NULL,
      next INTEGER NOT NULL,
      chain BLOB NOT NULL,
      clock INTEGER NOT NULL,
      segment_start INTEGER NOT NULL,
      segment_bytes INTEGER NOT NULL,
      arrival INTEGER NOT NULL
    ) STRICT;
  `)
}

/** Version 3: digests of payloads that the operator purged. */
function addDenied(database: DatabaseSync): void {
  database.exec('CREATE TABLE denied (digest BLOB PRIMARY KEY NOT NULL) STRICT, WITHOUT ROWID')
}

/** Every migration, in order: the one at index i leads to version i + 1. */
export const MIGRATIONS: readonly Migration[] = [createTables, addPartials, addDenied]

export function schemaVersion(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.user_version)
}

/**
 * Applies the migrations that the database lacks. Each is one transaction together with its version number, so a
 * failure (it throws) leaves the last whole version.
 */
export function migrate(database: DatabaseSync, migrations: readonly Migration[]): void {
  for (let version = schemaVersion(database); version < migrations.length; version++) {
    database.exec('BEGIN IMMEDIATE')
    try {
      migrations[version]?.(database)
      database.exec(`PRAGMA user_version = ${version + 1}`)
      database.exec('COMMIT')
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK')
      throw error
    }
  }
}
