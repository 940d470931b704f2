/**
 * The registry of error codes: every failure that leaves this process has one of these. `status` is the HTTP status
 * of the problem details (RFC 9457) that carry it; `title` is the same sentence for the same code, always.
 * PROTOCOL.md §9 lists the same codes; a test compares the two.
 */

export const ERRORS = {
  // Requests
  BODY_MALFORMED: { status: 400, title: 'The body is not well-formed.' },
  BODY_TOO_DEEP: { status: 400, title: 'The body is nested too deeply.' },
  BODY_TOO_LARGE: { status: 413, title: 'The body is larger than this route takes.' },
  MEDIA_TYPE_UNSUPPORTED: { status: 415, title: 'The content type is not one this route takes.' },
  REQUEST_INVALID: { status: 400, title: 'The request does not match the schema.' },
  ROUTE_NOT_FOUND: { status: 404, title: 'There is no such route.' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'The route does not take this method.' },
  REQUEST_TIMEOUT: { status: 408, title: 'The request did not arrive in time.' },
  HOST_NOT_ALLOWED: { status: 403, title: 'The Host header names a host that this spore does not serve.' },
  ORIGIN_NOT_ALLOWED: { status: 403, title: 'Requests from this web origin are not allowed.' },
  TOKEN_MISSING: { status: 401, title: 'This spore wants a bearer token.' },
  TOKEN_INVALID: { status: 401, title: 'The bearer token is not one of this spore.' },
  OVERLOADED: { status: 503, title: 'The spore is busy; try again later.' },
  INTERNAL: { status: 500, title: 'Something broke inside the spore.' },

  // Memories, search and tasks
  TEXT_EMPTY: { status: 400, title: 'The text is empty.' },
  TEXT_TOO_LARGE: { status: 413, title: 'The text is longer than a memory may be.' },
  TEXT_ILL_FORMED: { status: 400, title: 'The text is not well-formed Unicode.' },
  ID_INVALID: { status: 400, title: 'That is not an id: ids are CIDs of 59 characters.' },
  MEMORY_NOT_FOUND: { status: 404, title: 'There is no such memory here.' },
  TASK_NOT_FOUND: { status: 404, title: 'There is no such task here.' },
  TASK_OPEN: { status: 409, title: 'The task has no answer yet.' },
  TASK_DONE: { status: 409, title: 'The task is over.' },
  TASK_FOREIGN: { status: 403, title: 'Only who asked can end a task.' },
  TASK_FULL: { status: 503, title: 'As many tasks as may be are open here.' },
  SPACE_UNKNOWN: { status: 404, title: 'There is no such space here.' },
  CURSOR_INVALID: { status: 400, title: 'The cursor is not one that this spore gave.' },
  KEY_CONFLICT: { status: 409, title: 'The idempotency key was used for another memory.' },
  RETRACT_FOREIGN: { status: 403, title: 'Only its author can retract an entry.' },
  AUTHOR_UNKNOWN: { status: 404, title: 'No entry of this author is known here.' },
  AUTHOR_AMBIGUOUS: { status: 409, title: 'The ids of several authors end like this.' },

  PURGE_TOO_LARGE: { status: 507, title: 'More rests on it than can be purged at once.' },
  PURGED: { status: 409, title: 'The operator of this spore has purged it.' },

  // Trust
  TRUST_FIXED: { status: 409, title: 'The trust in this author is not set by hand.' },
  OVERRIDES_FULL: { status: 507, title: 'The trust in as many authors as may be is set by hand.' },

  // Moderation
  TARGET_INVALID: { status: 400, title: 'That is no peer, author or domain.' },
  RULE_UNKNOWN: { status: 404, title: 'There is no such rule or draft here.' },
  RULE_PROTECTED: { status: 409, title: 'The rule would hit this spore, or what its operator joined.' },
  RULES_FULL: { status: 507, title: 'The spore has as many rules as it can keep.' },
  IMPORT_MALFORMED: { status: 400, title: 'The list is in none of the forms that are read.' },

  // Entries, runs and heads
  ENTRY_MALFORMED: { status: 400, title: 'The entry is not in its canonical form.' },
  ENTRY_TOO_LARGE: { status: 413, title: 'The entry is larger than the protocol allows.' },
  VERSION_UNSUPPORTED: { status: 400, title: 'The protocol version is not one this spore speaks.' },
  NETWORK_MISMATCH: { status: 409, title: 'The other side belongs to another network.' },
  NETWORK_KEY_REFUSED: { status: 401, title: 'The network is private: the request does not prove its key.' },
  DNA_MISMATCH: { status: 409, title: 'The other side speaks this version with other limits.' },
  KEY_REFUSED: { status: 400, title: 'The public key is of small order or not canonical.' },
  SIGNATURE_INVALID: { status: 401, title: 'The signature does not hold.' },
  SEQ_GAP: { status: 409, title: 'The run does not continue the log.' },
  CHAIN_MISMATCH: { status: 409, title: 'A header or payload is not one that the head signs.' },
  RUN_MALFORMED: { status: 400, title: 'The run or its frame is not well-formed.' },
  RUN_TOO_LARGE: { status: 413, title: 'The run is larger than a segment.' },
  PAYLOAD_MALFORMED: { status: 400, title: 'A payload is not what its kind asks for.' },
  CLOCK_AHEAD: { status: 409, title: 'The clock of an entry is too far ahead.' },
  CLOCK_REGRESSED: { status: 400, title: 'The clock of an entry is not after the one before it.' },
  SPACE_REFUSED: { status: 403, title: 'The space does not replicate to this spore.' },
  LOG_FORKED: { status: 409, title: 'The log is forked at or below this entry.' },
  FORK_PROOF_INVALID: { status: 400, title: 'The fork proof proves nothing.' },
  SEGMENT_UNKNOWN: { status: 404, title: 'There is no such sealed segment here.' },
  SPACE_READ_ONLY: { status: 403, title: 'This spore may not write in the space.' },
  SPACE_NAME_TAKEN: { status: 409, title: 'Another space has this name here.' },
  SPACE_NAME_INVALID: { status: 400, title: 'That cannot be the name of a space.' },
  SPACE_TYPE_UNFIT: { status: 409, title: 'The space is not of a type that has this.' },
  SPACES_FULL: { status: 507, title: 'The spore knows as many spaces as it can.' },
  TIER_UNSUPPORTED: { status: 501, title: 'The space asks for a tier that is not known here.' },
  MEMBER_UNKNOWN: { status: 404, title: 'The space has no such member.' },
  MEMBERS_ADMIN_ONLY: { status: 403, title: 'Only an admin of the space may do this.' },
  INVITATION_INVALID: { status: 400, title: 'That is not an invitation.' },
  INVITATION_REFUSED: { status: 403, title: 'The invitation is not one that opens a space here.' },
  INVITATION_UNANSWERABLE: { status: 409, title: 'Nobody could answer the invitation.' },
  INVITATIONS_FULL: { status: 507, title: 'As many invitations are open as the spore keeps.' },
  LOGS_FULL: { status: 507, title: 'The spore follows as many logs as it can.' },

  // Federation
  REQUEST_UNSIGNED: { status: 401, title: 'Federation requests must be signed (RFC 9421).' },
  REQUEST_STALE: { status: 401, title: 'The request signature is too old or from the future.' },
  REQUEST_REPLAYED: { status: 401, title: 'The request was received before.' },
  DIGEST_MISMATCH: { status: 401, title: 'The body is not the one its Content-Digest names.' },
  PEER_URL_INVALID: { status: 400, title: 'The peer URL is not one this spore may connect to.' },
  PEER_UNREACHABLE: { status: 502, title: 'The peer does not answer.' },
  PEER_ASLEEP: { status: 502, title: 'A platform answers in the peer’s place: it does not run now.' },
  PEER_REFUSED: { status: 502, title: 'The peer answered with an error.' },
  PEER_BUSY: { status: 503, title: 'The peer is busy; it is asked again later.' },
  PEER_SELF: { status: 400, title: 'That is this spore itself.' },
  PEER_BLOCKED: { status: 403, title: 'There is no exchange between these two spores.' },
  AUTHOR_REFUSED: { status: 403, title: 'Entries of this author are not taken here.' },
  PEERS_FULL: { status: 507, title: 'The spore has as many peers as it can keep.' },
  PEER_CUT_OFF: { status: 403, title: 'The spore takes nothing from this caller for a while.' },
  QUOTA_EXCEEDED: { status: 507, title: 'The spore keeps no more of this author, space or kind.' },
  BOOTSTRAP_REFUSED: { status: 400, title: 'The seed list is not one that may be used.' },

  // What this spore fetches from URLs that came from outside
  URL_REFUSED: { status: 400, title: 'The URL is not one this spore may fetch.' },
  FETCH_FAILED: { status: 502, title: 'What the URL names could not be fetched.' },

  // Embeddings and the vectors that are kept of them
  EMBEDDINGS_OFF: { status: 409, title: 'This spore has no embedding model.' },
  EMBEDDINGS_FAILED: { status: 502, title: 'The embedding provider does not answer as it should.' },
  EMBEDDINGS_TIMEOUT: { status: 504, title: 'The embedding provider took too long.' },
  EMBEDDINGS_REFUSED: { status: 502, title: 'The embedding provider refused a text.' },
  EMBEDDINGS_CHANGED: { status: 409, title: 'The stored vectors are of another model.' },
  EMBEDDINGS_BEHIND: { status: 503, title: 'Not every memory has its vector yet.' },
  VECTORS_UNREADABLE: { status: 500, title: 'The vectors cannot be read or written.' },

  // Language models, and what may be spent on them
  MODELS_OFF: { status: 409, title: 'This spore has no language model.' },
  MODEL_FAILED: { status: 502, title: 'The model provider does not answer as it should.' },
  MODEL_TIMEOUT: { status: 504, title: 'The model provider took too long.' },
  MODEL_BUSY: { status: 503, title: 'The model provider takes no more calls for now.' },
  MODEL_UNPAID: { status: 502, title: 'The model provider wants to be paid first.' },
  MODEL_SETTINGS: { status: 502, title: 'The model provider does not accept the settings.' },
  MODEL_REFUSED: { status: 502, title: 'The model refused to answer.' },
  MODEL_REPLY_UNUSABLE: { status: 502, title: 'The reply of the model cannot be used.' },
  MODEL_ABSTAINED: { status: 502, title: 'The model says that it does not know.' },
  MODEL_REPEATED: { status: 502, title: 'The model says hardly anything but what others wrote.' },
  MODEL_CANCELLED: { status: 503, title: 'The call of the model was given up.' },
  BUDGET_SPENT: { status: 429, title: 'The budget for calls of models is used up.' },

  // The data folder, configuration and start
  STORE_IN_USE: { status: 500, title: 'Another process has this data folder open.' },
  STORE_CORRUPT: { status: 500, title: 'The store cannot be read; nothing was changed.' },
  STORE_NEWER: { status: 500, title: 'The store was written by a newer version; nothing was changed.' },
  STORE_WRITE_FAILED: { status: 507, title: 'The store could not write; nothing was acknowledged.' },
  IDENTITY_MISMATCH: { status: 500, title: 'The key is not the one this store belongs to.' },
  IDENTITY_UNREADABLE: { status: 500, title: 'The identity key cannot be read.' },
  CONFIG_INVALID: { status: 500, title: 'The configuration is not valid.' },
  PORT_IN_USE: { status: 500, title: 'Another program listens on this port.' },
  BIND_REFUSED: { status: 500, title: 'A spore does not listen beyond loopback without a token.' },
  SPORE_UNREACHABLE: { status: 503, title: 'No spore is running here.' },
} as const satisfies Record<string, { status: number; title: string }>

export type ErrorCode = keyof typeof ERRORS

/** An expected failure: its code, and one sentence on this very case that may be shown to whoever asked. */
export interface Failure {
  readonly code: ErrorCode
  readonly detail: string
  /** When it is worth another try, where that is known: the `Retry-After` of a reply. */
  readonly retryAfterSeconds?: number
  /** A peer answered, and not as a spore does: out of form, too long, with a redirect. */
  readonly isNonsense?: true
}

export const failure = (code: ErrorCode, detail: string): Failure => ({ code, detail })

/** A failure where the way out is an exception: start-up, and the edge between `Result` and a framework's throw. */
export class SporeError extends Error {
  readonly code: ErrorCode
  readonly retryAfterSeconds: number | undefined

  constructor(
    code: ErrorCode,
    detail: string,
    options?: ErrorOptions & { readonly retryAfterSeconds?: number | undefined },
  ) {
    super(detail, options)
    this.name = 'SporeError'
    this.code = code
    this.retryAfterSeconds = options?.retryAfterSeconds
  }
}
