/** What a person can do about an error, by code. Codes that are not here explain themselves by their detail. */
import type { ErrorCode } from '../core/protocol/errors.ts'

const ADVICE: Partial<Record<ErrorCode, string>> = {
  SPORE_UNREACHABLE: 'Start one with "spore start", or name it with --url or its folder with --home.',
  TOKEN_MISSING:
    'Create a token with "spore token create" on the machine of the spore and set SPORE_TOKEN to it.',
  TOKEN_INVALID:
    'Create a token with "spore token create" on the machine of the spore and set SPORE_TOKEN to it.',
  PORT_IN_USE: 'Stop that program, choose another port with --port, or take any free one with --port 0.',
  BIND_REFUSED: 'Run "spore token create" first, or bind to 127.0.0.1 behind a proxy that checks who asks.',
  STORE_IN_USE: 'Another spore has the folder open: use it (commands find it by themselves), or stop it.',
  STORE_CORRUPT:
    'Restore the folder from a backup, or start in an empty folder and sync again from your peers.',
  STORE_NEWER: 'Update this program; the folder was written by a newer version.',
  STORE_WRITE_FAILED: 'Free some space on the disk and try again: nothing was half stored.',
  IDENTITY_MISMATCH: 'Put back the identity.pem that belongs to this folder.',
  IDENTITY_UNREADABLE: 'Restore identity.pem from a backup; a new key would be a new identity.',
  CONFIG_INVALID: 'Correct what is named; config.template.yaml lists every field.',
  TEXT_TOO_LARGE: 'A memory is a passage of at most 64 KiB: put the text in a file and remember the file.',
  TASK_NOT_FOUND: '"spore tasks" lists the questions that are known here, with their ids.',
  TASK_OPEN: 'A running spore goes on with it; "spore task <id> --follow" waits for the answer.',
  TASK_FOREIGN: 'Ask its asker, or let it run until its deadline.',
  TASK_FULL: 'Wait for some of them, or cancel what is no longer wanted: "spore tasks --status open".',
  PEER_URL_INVALID:
    'For addresses in your own network set SPORE_ALLOW_PRIVATE_ADDRESSES=true on both spores.',
  PEER_UNREACHABLE: 'Check the URL, and that the other spore is running and reachable from here.',
  PEER_BLOCKED:
    'Lift the rule with "spore unblock", if it is yours; the other operator has to, if it is not.',
  RULE_PROTECTED: 'Look at it with --preview; --force says that it is meant.',
  TARGET_INVALID: 'Give a did:key, the URL of a peer or a domain; --as says which.',
  IMPORT_MALFORMED:
    'Give the CSV that Mastodon exports, a text with one domain, did or URL a line, or what "spore moderation export" wrote.',
  PEER_SELF: 'Join another spore than this one.',
  SPACE_UNKNOWN: '"spore space list" shows those that are known; "spore space create" founds one.',
  SPACE_READ_ONLY:
    'Ask an admin of the space for an invitation, or "spore space join" it again if you left it.',
  SPACE_NAME_TAKEN: 'Choose another name; when joining, with --as.',
  INVITATION_INVALID: 'Copy the whole line, from "spore-invite:" to its end.',
  INVITATION_REFUSED: 'Ask for another invitation: each admits one spore, once, until it expires.',
  INVITATION_UNANSWERABLE:
    'Set SPORE_PUBLIC_URL, or say whom it is for: spore space invite <space> --for <did of the other spore>.',
  AUTHOR_UNKNOWN: '"spore trust" lists the authors that are known here.',
  AUTHOR_AMBIGUOUS: 'Give the whole did:key of the one that you mean.',
  OVERRIDES_FULL: '"spore trust unset <author>" goes by the evidence again, and frees a place.',
  MEMBERS_ADMIN_ONLY: '"spore space members <space>" shows who its admins are.',
  EMBEDDINGS_OFF: 'Set embeddings.url and embeddings.model, or search with --mode lexical.',
  EMBEDDINGS_CHANGED:
    'Run "spore reindex" to embed everything with the new model, or set embeddings.model back.',
  VECTORS_UNREADABLE: '"spore reindex" makes the vectors anew; words find everything meanwhile.',
  MODELS_OFF:
    'Set LLM_ENDPOINT to your own server, or name a model in models.use; "spore providers" shows what there is.',
  MODEL_SETTINGS: 'Look at the key, the URL and the name of the model; "spore doctor" tells them apart.',
  MODEL_UNPAID:
    'Look at your account with the provider; "spore providers --check" tells whether it is well again.',
  BUDGET_SPENT:
    'Wait for the next day, or raise models.* in config.yaml; "spore providers" shows what is spent.',
  HOST_NOT_ALLOWED: 'Add the host to allowedHosts (SPORE_ALLOWED_HOSTS) of that spore.',
  OVERLOADED: 'Wait some seconds and try again.',
  INTERNAL: 'Try again; if it happens again, look into the log of the spore and run "spore doctor".',
}

export const adviceFor = (code: ErrorCode): string | null => ADVICE[code] ?? null
