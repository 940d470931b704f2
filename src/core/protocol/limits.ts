/**
 * Every bound of the protocol and the API, with its unit and the reason for its value. A test feeds each one more.
 */

const KIB = 1024
const MIB = 1024 * KIB
const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS

// --- Entries and logs (PROTOCOL.md §3, §5) ---

/** Bytes of a memory's text in UTF-8: a memory is a passage, not a file. */
export const TEXT_BYTES_MAX = 64 * KIB
/** Bytes of one encoded payload: the largest text, and 16 KiB for tags, thread and sources beside it. */
export const PAYLOAD_BYTES_MAX = 80 * KIB
/** Bytes of one encoded header: the longest legal header is 64 references of 34 bytes and ~100 bytes beside them. */
export const HEADER_BYTES_MAX = 2560
/** References of one header: a memory or claim that needs more than this many sources is a document. */
export const REFERENCES_MAX = 64
/** Sequence numbers of one log: 2³² − 1, so that a dot packs into a safe integer. */
export const SEQ_MAX = 2 ** 32 - 1
/** Kinds are small integers; 255 leaves room for every later kind and keeps the header's kind at ≤ 2 bytes. */
export const KIND_MAX = 255
/** Entries in one segment: the leaves of a fork proof inside a segment then fit 32 KiB. */
export const SEGMENT_ENTRIES_MAX = 1024
/** Header and payload bytes in one segment: a frame decodes into at most this and its framing. */
export const SEGMENT_BYTES_MAX = 256 * KIB
/** Dots that one retraction names; a longer list is split into several entries. */
export const RETRACTION_DOTS_MAX = 1024
/** Ranges that one checkpoint names: as many bytes as a retraction of as many dots, twice. */
export const CHECKPOINT_RANGES_MAX = 1024
/** Own removed entries of a space behind which their author writes a checkpoint: one entry for each thousand. */
export const CHECKPOINT_DEAD_MIN = 1024
/** Characters of a space's name. */
export const SPACE_CHARS_MAX = 64

// --- Spaces (PROTOCOL.md §6) ---

/** Bytes of what founds a space: its fields at their longest, every character of three bytes. */
export const FOUNDING_BYTES_MAX = 640
/** Spaces that a spore knows, those that it left among them: a digest of a view is a sum over them. */
export const SPACES_MAX = 256
/** Grants and logs that one removal names: a member has one of each, and one more for each time it was removed or lost a disk. */
export const REMOVAL_GRANTS_MAX = 256
export const REMOVAL_CUTS_MAX = 256
/** URLs in one invitation, and characters of its line: those at their longest, and the rest of it. */
export const INVITATION_URLS_MAX = 3
export const INVITATION_CHARS_MAX = 4096
/** Invitations that are open at a time: each costs a hash for each time that anybody presents one. */
export const INVITATIONS_MAX = 256
/** How long an invitation is open unless it says otherwise, and at most: long enough to reach somebody on holiday. */
export const INVITATION_AGE_MS = 7 * 24 * 60 * MINUTE_MS
export const INVITATION_AGE_MAX_MS = 30 * 24 * 60 * MINUTE_MS
/** Acts on members that count in one log, from its start: an admin with more to say goes on in a new epoch. */
export const MEMBER_ACTS_MAX = 4096

// --- Clocks (PROTOCOL.md §4) ---

/** A clock further ahead than this is held back: normal machines disagree by less. */
export const CLOCK_HOLD_MS = 2 * MINUTE_MS
/** A clock further ahead than this is refused: no honest machine is that wrong, and it would drag ours along. */
export const CLOCK_AHEAD_MAX_MS = 10 * MINUTE_MS

// --- API (memories, tasks, pages) ---

/** Tags of one memory. */
export const TAGS_MAX = 32
/** Characters of one tag, and of a thread, speaker or idempotency key. */
export const TAG_CHARS_MAX = 128
export const THREAD_CHARS_MAX = 512
export const SPEAKER_CHARS_MAX = 128
export const KEY_CHARS_MAX = 256
/** Characters of one source: a memory id, a URL or a path. */
export const SOURCE_CHARS_MAX = 1024
/** Sources of one memory; each id becomes one reference of the header. */
export const SOURCES_MAX = REFERENCES_MAX
/** Idempotency keys that are remembered; the oldest are forgotten first, long after any client retries. */
export const IDEMPOTENCY_KEYS_MAX = 100_000
/** Items of one `POST /api/memory {items}`: one durable commit that stays well under a second. */
export const ITEMS_MAX = 1000
/** Lines of one NDJSON import that share a commit. */
export const NDJSON_COMMIT_LINES = 256
/** Hits or rows of one reply. */
export const PAGE_MAX = 100
/** Characters of a search query: a long question or a paragraph. */
export const QUERY_CHARS_MAX = 4000
/** Characters of a task's question. */
export const TASK_CHARS_MAX = 8000
/** Default budget of a context pack in tokens (≈ 4 characters each), so that it fits beside an agent's own context. */
export const CONTEXT_TOKENS_DEFAULT = 4000
export const CONTEXT_TOKENS_MIN = 100
export const CONTEXT_TOKENS_MAX = 32_000

// --- HTTP ---

/** Body of an API request: 1,000 items of average length; larger imports go as NDJSON. */
export const API_BODY_BYTES_MAX = 8 * MIB
/** One line of NDJSON: a memory of the largest text, escaped. */
export const NDJSON_LINE_BYTES_MAX = 512 * KIB
/** Nesting of JSON that is parsed; the API's deepest legal body has 4. */
export const JSON_DEPTH_MAX = 32
/** Concurrent event streams; each holds a socket and a buffer. */
export const EVENT_STREAMS_MAX = 64
/** Bytes that one slow event stream may have waiting before it is cut; who reads it comes back for the rest. */
export const EVENT_STREAM_BUFFER_BYTES_MAX = MIB
/** A request whose head or body has not arrived by then is closed. */
export const REQUEST_TIMEOUT_MS = 30 * SECOND_MS
export const HEADERS_TIMEOUT_MS = 10 * SECOND_MS
/** Keys of one JSON object: the API's largest has 11; a million short ones would cost ten times their bytes. */
export const JSON_KEYS_MAX = 1024
/** Items of one JSON array: the API's longest has 1,000; a million would cost eight bytes each before anybody looks. */
export const JSON_ITEMS_MAX = 65_536
/** An idle event stream sends a comment this often, so that proxies with 60 s timeouts keep it open. */
export const EVENT_HEARTBEAT_MS = 15 * SECOND_MS
/** An event stream whose buffer is full is waited for this long before it is cut. */
export const EVENT_STREAM_STALL_MS = 10 * SECOND_MS
/** Requests slower than this are logged. */
export const SLOW_REQUEST_MS = SECOND_MS
/** Characters of a problem's detail: enough for a sentence and the path of a field. */
export const DETAIL_CHARS_MAX = 500

// --- MCP ---

/** Bytes of one tool reply as JSON: 4,000 tokens of about 4 bytes, so that it fits beside an agent's own context. */
export const MCP_REPLY_BYTES_MAX = 4 * CONTEXT_TOKENS_DEFAULT
/** Hits of one tool reply unless the caller asks for another number. */
export const MCP_HITS_DEFAULT = 10
/** Characters of the instructions that a client puts into every conversation. */
export const MCP_INSTRUCTIONS_CHARS_MAX = 1500
/** Seconds that `submit_task` may wait for an answer: below the 60 s after which MCP clients give a call up. */
export const MCP_TASK_WAIT_SECONDS_MAX = 20

// --- Federation (PROTOCOL.md §7) ---

/** Body of a federation request. */
export const FEDERATION_BODY_BYTES_MAX = 4 * MIB
/** Bytes that one frame may decode to: a segment and its framing. */
export const FRAME_DECODED_BYTES_MAX = MIB
/** Bytes of frames in one reply to a pull; the rest is asked for again. */
export const PULL_REPLY_BYTES_MAX = 16 * MIB
/** Ranges in one pull. */
export const PULL_RANGES_MAX = 1024
/** Streams that spores without a URL hold open here at a time; each holds a socket and the buffer of one push. */
export const STREAMS_MAX = 64
/** A silent federation stream sends a comment this often; proxies cut what is silent for a minute. */
export const STREAM_HEARTBEAT_MS = 15 * SECOND_MS
/** A federation stream without a byte for this long is broken: three comments are missing. */
export const STREAM_IDLE_MS = 3 * STREAM_HEARTBEAT_MS
/** What is written to a federation stream must have been read by then, or it is cut: 1.7 MB at 1.4 Mbit/s. */
export const STREAM_STALL_MS = 10 * SECOND_MS
/** Announcements a second down one federation stream, and at once: news wait 2 s for each other before they are announced, 250 ms after a loss. */
export const STREAM_IHAVES_PER_SECOND = 16
export const STREAM_IHAVES_BURST = 64
/** Characters of one line of a federation stream: base64url of a push of 256 KiB and the frame of 1 MiB that crosses it. */
export const EVENT_LINE_CHARS_MAX = 2 * MIB
/** Rows in one ihave: as many as in a reply to heads, so that a spore which nobody can reach can say what it has. */
export const IHAVE_ROWS_MAX = 8192
/** Rows lacking here that one caller may announce a second, and at once: what one answer can want, and one announcement. */
export const CLAIMED_ROWS_PER_SECOND = PULL_RANGES_MAX
export const CLAIMED_ROWS_BURST = IHAVE_ROWS_MAX
/** Callers whose announcements are accounted for, ~2 KiB each: those who may be neighbours, and some. */
export const CLAIMED_CALLERS_MAX = 512
/** What was announced and wanted comes within this, or some of it: the patience of a request. */
export const CLAIM_KEPT_MS = 10 * SECOND_MS
/** Rows in one reply to heads; the rest comes with the next cursor. */
export const HEADS_ROWS_MAX = 8192
/** A federation request's signature is valid this long before and after its `created`. */
export const SIGNATURE_AGE_MAX_MS = 120 * SECOND_MS
/** Nonces remembered of callers that go beyond their own share; when full, these are refused until the oldest expire. */
export const NONCES_MAX = 65_536
/** Nonces of one caller that are remembered whatever others do: 16 requests a minute over 2 × 120 s. */
export const NONCES_OWN_MAX = 64
/** Nonces of one peer: 34 requests a second. Peers are few, so they are not turned away for strangers. */
export const NONCES_PEER_MAX = 8192
/** Callers that are no peers and whose nonces are remembered at a time: 64 KiB nonces in all, when each uses its share. */
export const NONCE_CALLERS_MAX = 1024
/** Peers a spore keeps: the configured ones, 64 that are known, and those that are about to be met. */
export const PEERS_MAX = 256
/** Characters of a peer's URL. */
export const URL_CHARS_MAX = 512
/** Characters of a spore's name. */
export const NAME_CHARS_MAX = 64
/** Characters of one label of a descriptor (a role, a tag, a capability, a model family): a word, not a sentence. */
export const LABEL_CHARS_MAX = 32
/** Labels in one list of a descriptor: four lists of these are 2 KiB, so that eight descriptors fit a small message. */
export const LABELS_MAX = 16
/** Descriptors in one shuffle, in either direction: what one link carries of the membership in a minute. */
export const SHUFFLE_NODES_MAX = 8
/** Bytes of a shuffle: its descriptors at their longest, escaped (3 KiB each), and slack. */
export const SHUFFLE_BYTES_MAX = 32 * KIB
/** Between two shuffles of a spore, on average; what comes more often from one is left unread. */
export const SHUFFLE_INTERVAL_MS = MINUTE_MS
/** A spore that is asked whether it reaches another one answers within this: well below the patience of the asker. */
export const PROBE_TIMEOUT_MS = 5 * SECOND_MS
/** Characters of the pre-shared key of a private network: 32 random base64 letters are 192 bits. */
export const NETWORK_KEY_CHARS_MIN = 32
/** A descriptor is valid for this long from when it was issued: who is gone is gossiped for no longer than a day. */
export const DESCRIPTOR_TTL_MS = 24 * 60 * MINUTE_MS
/** A federation request without a connection, reply head or further bytes for this long has failed. */
export const FEDERATION_TIMEOUT_MS = 10 * SECOND_MS
/** A federation reply that is not whole by then has failed, however steadily it drips: 16 MiB at 1 Mbit/s. */
export const FEDERATION_REPLY_TIMEOUT_MS = 150 * SECOND_MS
/** Logs that a spore follows: each costs ~400 bytes of memory, 80 MB in all; more are refused. */
export const LOGS_MAX = 200_000
/** Of these, kept for the logs of peers: keys cost nothing, places among the peers do. 256 peers with 16 logs each. */
export const LOGS_RESERVED = 4096
/** Logs of one author in all spaces: an epoch for each disk that it lost, backup that it restored or fork, in some dozens of spaces. */
export const AUTHOR_LOGS_MAX = 256
/** Bytes of the seeds file `bootstrap.json`, and how many seeds it may name. */
export const BOOTSTRAP_BYTES_MAX = 64 * KIB
export const BOOTSTRAP_SEEDS_MAX = 64
/** Time for which a signed seed list may hold: one that got lost, or was signed with a stolen key, ends. */
export const BOOTSTRAP_VALID_MAX_MS = 366 * 24 * 60 * MINUTE_MS
/** Keys that an operator pins for seed lists: one, and others while it is replaced. */
export const BOOTSTRAP_KEYS_MAX = 8

// --- Segments and newest-first fetching (PROTOCOL.md §7, §8) ---

/** Rows in one list of segments: 128 KiB, and 256 MiB of a log. */
export const SEGMENT_ROWS_MAX = 1024
/** Bytes of a reply that lists segments: its rows at ~130 bytes, and slack. */
export const SEGMENT_LIST_BYTES_MAX = 256 * KIB
/** Encoded segments that are kept for whoever asks for the same next: 16 MiB at most, less where they compress. */
export const SEGMENTS_CACHED_MAX = 64
/** Bytes of one segment's frame: what a segment decodes to, its columns and framing beside it. */
export const SEGMENT_FRAME_BYTES_MAX = SEGMENT_BYTES_MAX + 64 * KIB
/** Entries by which a log must be behind to be fetched newest first: less comes within one reply or two, in its own order. */
export const BOOTSTRAP_ENTRIES_MIN = 4 * SEGMENT_ENTRIES_MAX
/** Sealed segments that must be missing for it. */
export const BOOTSTRAP_SEGMENTS_MIN = 4

// --- Start ---

/** Own writes wait this long for a first round with a peer after the start, so that a start without a network stays below 3 s. */
export const FIRST_ROUND_MAX_MS = 2500

// --- Reconciliation (PROTOCOL.md §8) ---

/** Logs from which on views are reconciled rather than sent whole to who has lost its place in them: 256 rows are 14 KiB. */
export const RECONCILE_LOGS_MIN = 256
/** Ranges in one request to reconcile: ~64 KiB. */
export const RECONCILE_RANGES_MAX = 2048
/** Tags of rows in one range; a range with more rows is split. */
export const RECONCILE_TAGS_MAX = 48
/** Rows in one reply to reconcile, as in one of heads. */
export const RECONCILE_ROWS_MAX = HEADS_ROWS_MAX
/** Bytes of a reply to reconcile: all its ranges split, or all its rows. */
export const RECONCILE_REPLY_BYTES_MAX = 2 * MIB
/** Requests in one reconciliation: what a view of `LOGS_MAX` rows that are all different takes, and slack; a peer can split for ever. */
export const RECONCILE_ROUNDS_MAX = 64
/** Rows that a view may gain during a reconciliation though it has few: what 4,096 logs do that move on meanwhile. Beyond, as many as it has. */
export const RECONCILE_GROWTH_MIN = 4096
/** Ranges that may be asked about in one reconciliation though both sides have few rows: two levels of 16 parts, and slack. */
export const RECONCILE_ASKS_MIN = 512
/** A peer whose answers to a reconciliation were no view is not reconciled with for so long, twice as long each time, up to the most. */
export const RECONCILE_PAUSE_MS = MINUTE_MS
export const RECONCILE_PAUSE_MAX_MS = 6 * 60 * MINUTE_MS
/** A peer's view that was only ever read by what advanced is compared as a whole this often. */
export const AUDIT_INTERVAL_MS = 24 * 60 * MINUTE_MS
/** An index of the own view is used this long though the view moves on: building one takes ~100 ms at 100,000 logs. */
export const RECONCILE_INDEX_AGE_MS = SECOND_MS

// --- Repair of payloads (PROTOCOL.md §8) ---

/** Entries whose payloads are asked for in one request: a damaged page of the disk holds fewer. */
export const PAYLOADS_ASKED_MAX = 256
/** Bytes of payloads in one reply; the rest is asked for elsewhere. */
export const PAYLOADS_REPLY_BYTES = 4 * MIB
/** Damaged payloads that are remembered until they are repaired: beyond it the disk is to be replaced. */
export const DAMAGED_PAYLOADS_MAX = 65_536

// --- Moderation ---

/** Characters of the reason of a rule: a sentence or two. What lists say beyond is cut. */
export const MODERATION_REASON_CHARS_MAX = 280
/** Characters of the name of a block list. */
export const MODERATION_SOURCE_CHARS_MAX = 64
/** Targets of one request to moderate. */
export const MODERATION_TARGETS_MAX = 100
/** Characters, and bytes in UTF-8, of a block list that is imported: 10,000 lines of a hundred. */
export const MODERATION_IMPORT_CHARS_MAX = MIB
// --- Watchdog ---

/** The event loop has stalled where a timer comes this much late: requests and heartbeats wait that long too. */
export const LOOP_STALL_MS = SECOND_MS
/** A round with a peer in which nothing is stored for this long has hung: the longest reply ends after a sixth of it. */
export const SYNC_HUNG_MS = 15 * MINUTE_MS
/** A commit that is not over by then has hung: one of 1,024 writes takes well under a second. */
export const COMMIT_HUNG_MS = 30 * SECOND_MS
/** A request that is not answered by then has hung; event streams aside. A large import makes progress until it is. */
export const REQUEST_HUNG_MS = 5 * MINUTE_MS

// --- What is fetched from URLs that came from outside (bootstrap files, webhooks) ---

/** Characters of such a URL: redirects to signed downloads carry long queries. */
export const FETCH_URL_CHARS_MAX = 2048
/** Bytes of a reply, and milliseconds in which all of it must be here, redirects and all. */
export const FETCH_BYTES_MAX = MIB
export const FETCH_TIMEOUT_MS = 10 * SECOND_MS
/** Redirects that are followed: http → https → www → content, and one more. */
export const FETCH_REDIRECTS_MAX = 4
/** Fetches under way at a time: each holds a socket and up to `FETCH_BYTES_MAX`. */
export const FETCHES_MAX = 8

// --- Accounting of callers (core/gossip/conduct.ts) ---

/** Callers whose account is kept, ~600 bytes each; the one heard of longest ago is forgotten, which costs its counts and no bound. */
export const CONDUCT_CALLERS_MAX = 4096
/** Callers that were cut off and are remembered for it; the one that is free first is forgotten first. */
export const CONDUCT_CUT_MAX = 1024
/** The first time that a caller is cut off it is for so long, and each time after it twice as long, up to the most. */
export const CUT_MS = MINUTE_MS
export const CUT_MS_MAX = 24 * 60 * MINUTE_MS
/**
 * Requests a second of one caller, and at once: a spore that is behind by 20,000 entries makes nine. One that pushes as fast
 * as answers come, on one machine, makes ~200 a second: after some seconds it is told to wait for one, and nothing is lost.
 */
export const PEER_REQUESTS_PER_SECOND = 128
export const PEER_REQUESTS_BURST = 512
/** Bytes a second from and to one caller, and at once: ~100,000 entries a second, and a store of 3 M entries. */
export const PEER_BYTES_PER_SECOND = 8 * MIB
export const PEER_BYTES_BURST = 256 * MIB
/** Signatures a second verified for one caller, and at once: a fifth of what a core verifies, and a swarm of 10,000 authors. */
export const PEER_SIGNATURES_PER_SECOND = 1000
export const PEER_SIGNATURES_BURST = 10_000

// --- Quotas (core/memory/quota.ts) ---

/** Header and payload bytes of one foreign author in one open space, unless the operator says otherwise: ~200,000 memories. */
export const QUOTA_AUTHOR_BYTES = 64 * MIB
/** The same of one space, and of everything: 3 M memories are ~1 GiB, and a few times that in the index of a machine. */
export const QUOTA_SPACE_BYTES = 1024 * MIB
export const QUOTA_STORE_BYTES = 2048 * MIB
/** A removed dot takes ~4 bytes in an entry and ~64 in memory, where it is not yet known: that is what counts. */
export const REMOVAL_WEIGHT = 16
/** Fork proofs kept, one for each forked log, at most 66 KiB each and ~330 bytes as a rule. */
export const FORKS_MAX = 4096
/** Of one author: it is known by then, and each fork costs everybody a proof. */
export const FORKS_AUTHOR_MAX = 16
/** Of logs of which nothing was held: their authors may never have written to anybody. */
export const FORKS_EMPTY_MAX = 1024
/** Runs of others that wait to be stored, and their bytes: what arrives while one commit waits for a slow disk. */
export const APPLY_QUEUE_MAX = 4096
export const APPLY_QUEUE_BYTES_MAX = 32 * MIB
/** Entries that are set aside because a handler threw: a program with more of them has one defect, not a thousand. */
export const QUARANTINE_MAX = 1024
/** Logs of which no more is taken that are remembered: one that is forgotten costs a pull. */
export const DECLINED_LOGS_MAX = 16_384
/** A log of which no more was taken is asked for again after so long, and each time after it twice as long, up to the most. */
export const DECLINED_MS = MINUTE_MS
export const DECLINED_MS_MAX = 6 * 60 * MINUTE_MS

// --- Callers before they are known (src/http/bounds): what an address may cost ---

/** Addresses whose buckets are kept, ~200 bytes each; the one heard of longest ago is forgotten, and begins anew. */
export const ADDRESS_BUCKETS_MAX = 16_384
/** Peers behind addresses that keep a bucket of their own there, so that strangers at the same address cannot empty it. */
export const PROVEN_BUCKETS_MAX = 1024
/**
 * Signatures a second that are verified for the strangers at one address, and at once: what a hundred spores ask that pull
 * in their own time from behind one router.
 */
export const ADDRESS_SIGNATURES_PER_SECOND = 32
export const ADDRESS_SIGNATURES_BURST = 256
/** Bytes a second from and to the strangers at one address, and at once: as of a peer. */
export const ADDRESS_BYTES_PER_SECOND = PEER_BYTES_PER_SECOND
export const ADDRESS_BYTES_BURST = PEER_BYTES_BURST
/** A neighbourhood of addresses has this many times what one address has. */
export const WIDE_FACTOR = 4
/** All strangers together have this many times what one address has: a twentieth of what a core verifies. */
export const EVERYONE_FACTOR = 8
/** What a signature that does not hold costs: no honest spore sends one. */
export const FALSE_SIGNATURE_COST = 16
/**
 * A refusal is answered after this long where an address has used up half of what it may: who asks again at once then gets
 * four answers a second and connection.
 */
export const REFUSAL_DELAY_MS = 250
/** Refusals that wait for that at a time; beyond them the answer comes at once, and the connection is closed. */
export const REFUSALS_DELAYED_MAX = 512
/** Connections in all: 1,000 that idle, as many that are slow on purpose, ~20 KiB each. */
export const CONNECTIONS_MAX = 2048
/** Connections of one address: what a peer needs are 3, a house or an office has some spores. */
export const CONNECTIONS_PER_ADDRESS_MAX = 64
/** Connections of an address that is not on the public internet: it may be a proxy, and stand for everyone. */
export const CONNECTIONS_NEAR_MAX = 1536
/** Replies with entries (pull, segments, reconcile, payloads) under way at a time: each reads the store and holds frames. */
export const SYNCS_MAX = 4
/** Of them for one caller: a spore that fetches a long log asks twice at a time. */
export const SYNCS_PER_CALLER_MAX = 2
/** Callers that wait for such a reply, and how long; then it is 503 with Retry-After. */
export const SYNC_QUEUE_MAX = 32
export const SYNC_WAIT_MS = SECOND_MS
export const SYNC_RETRY_SECONDS = 2
/** A reply that goes on for this long makes room for whoever waits: it ends behind a frame, and the rest is asked for again. */
export const SYNC_TURN_MS = 3 * SECOND_MS
/** A reply of which nothing is taken for this long is cut. */
export const SYNC_STALL_MS = 10 * SECOND_MS
