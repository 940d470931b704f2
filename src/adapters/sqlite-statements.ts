/** The statements of a store, prepared once. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'

export type Statements = ReturnType<typeof prepareStatements>

export function prepareStatements(database: DatabaseSync) {
  const prepare = (sql: string): StatementSync => database.prepare(sql)
  return {
    begin: prepare('BEGIN IMMEDIATE'),
    end: prepare('COMMIT'),
    rollback: prepare('ROLLBACK'),

    logOfId: prepare('SELECT log FROM logs WHERE log_id = ?'),
    idOfLog: prepare('SELECT log_id FROM logs WHERE log = ?'),
    allLogs: prepare('SELECT * FROM logs'),
    putLog: prepare(`
      INSERT INTO logs (log_id, public_key, space, epoch, next, chain, clock, segment_start, segment_bytes, arrival)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (log_id) DO UPDATE SET public_key = excluded.public_key, space = excluded.space,
        epoch = excluded.epoch, next = excluded.next, chain = excluded.chain, clock = excluded.clock,
        segment_start = excluded.segment_start, segment_bytes = excluded.segment_bytes, arrival = excluded.arrival`),

    allPartials: prepare('SELECT partials.*, log_id FROM partials JOIN logs USING (log)'),
    putPartial: prepare('INSERT OR REPLACE INTO partials VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
    dropPartial: prepare('DELETE FROM partials WHERE log = ?'),

    lastArrival: prepare('SELECT coalesce(max(arrival), 0) AS arrival FROM entries'),
    addEntry: prepare('INSERT INTO entries (arrival, log, seq, header, payload) VALUES (?, ?, ?, ?, ?)'),
    entriesAfter: prepare('SELECT * FROM entries WHERE arrival > ? ORDER BY arrival LIMIT ?'),
    entriesBefore: prepare('SELECT * FROM entries WHERE arrival < ? ORDER BY arrival DESC LIMIT ?'),
    entriesOf: prepare('SELECT * FROM entries WHERE log = ? AND seq BETWEEN ? AND ? ORDER BY seq'),
    entryAt: prepare('SELECT * FROM entries WHERE log = ? AND seq = ?'),
    putPayload: prepare('UPDATE entries SET payload = ? WHERE log = ? AND seq = ?'),

    putHead: prepare(
      'INSERT OR REPLACE INTO heads (log, seq, chain, clock, signature) VALUES (?, ?, ?, ?, ?)',
    ),
    dropHead: prepare('DELETE FROM heads WHERE log = ? AND seq = ?'),
    headFrom: prepare('SELECT * FROM heads WHERE log = ? AND seq >= ? ORDER BY seq LIMIT 1'),
    headUpTo: prepare('SELECT * FROM heads WHERE log = ? AND seq <= ? ORDER BY seq DESC LIMIT 1'),
    headsBefore: prepare('SELECT * FROM heads WHERE log = ? AND seq < ? ORDER BY seq DESC LIMIT ?'),

    allForks: prepare('SELECT * FROM forks'),
    forkOf: prepare('SELECT * FROM forks WHERE log_id = ?'),
    putFork: prepare('INSERT OR REPLACE INTO forks (log_id, seq, proof) VALUES (?, ?, ?)'),

    countKeys: prepare('SELECT count(*) AS count FROM keys'),
    dropKey: prepare('DELETE FROM keys WHERE key = ?'),
    addKey: prepare('INSERT INTO keys (key, value) VALUES (?, ?)'),
    dropOldestKeys: prepare(
      'DELETE FROM keys WHERE place IN (SELECT place FROM keys ORDER BY place LIMIT ?)',
    ),
    key: prepare('SELECT value FROM keys WHERE key = ?'),

    putValue: prepare('INSERT OR REPLACE INTO named_values (name, value) VALUES (?, ?)'),
    dropValue: prepare('DELETE FROM named_values WHERE name = ?'),
    value: prepare('SELECT value FROM named_values WHERE name = ?'),

    allDenied: prepare('SELECT digest FROM denied'),
    deny: prepare('INSERT OR IGNORE INTO denied (digest) VALUES (?)'),
    allow: prepare('DELETE FROM denied WHERE digest = ?'),

    putEpoch: prepare('UPDATE origin SET epoch = ?'),
  }
}
