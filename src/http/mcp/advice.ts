/** What an agent can do about an error. Codes that are not here explain themselves, or only the operator can act. */
import type { ErrorCode } from '../../core/protocol/errors.ts'

const ADVICE: Partial<Record<ErrorCode, string>> = {
  TEXT_EMPTY: 'Pass the passage to remember as text.',
  TEXT_TOO_LARGE: 'Split the text into passages of at most 64 KiB and remember each, with the same thread.',
  TEXT_ILL_FORMED: 'Remove half surrogate pairs from the text.',
  ID_INVALID: 'Pass an id as another tool gave it: 59 characters that start with "bafyrei".',
  MEMORY_NOT_FOUND: 'Find the id with query_memory; the memory may have been retracted.',
  TASK_NOT_FOUND: 'Find the id with list_tasks.',
  TASK_FULL: 'Wait until some of the open tasks are answered: list_tasks with status "open".',
  BUDGET_SPENT: 'Ask again tomorrow, or tell the operator that the budget for models is used up.',
  SPACE_UNKNOWN: 'Leave the space out, or use one of those that the detail names.',
  SPACE_READ_ONLY: 'Write to another space, or ask the operator for an invitation to this one.',
  CURSOR_INVALID: 'Start again without a cursor.',
  KEY_CONFLICT: 'Use another key for another text.',
  AUTHOR_UNKNOWN: 'Pass the author of a memory as query_memory gave it.',
  AUTHOR_AMBIGUOUS: 'Pass the whole did:key of the one that you mean.',
  REQUEST_INVALID: 'Correct the named field.',
  STORE_WRITE_FAILED: 'Nothing was stored. Tell the operator (disk full?), and try again later.',
  OVERLOADED: 'Wait some seconds and try again.',
  SPORE_UNREACHABLE: 'Ask the operator to start the spore with "spore start".',
  TOKEN_MISSING: 'Ask the operator for a token: "spore token".',
  TOKEN_INVALID: 'Ask the operator for a token: "spore token".',
  INTERNAL: 'Try once more; if it happens again, tell the operator to look into the log.',
}

const DEFAULT_ADVICE = 'Change the call as the detail says, or tell the operator.'

export const adviceFor = (code: ErrorCode): string => ADVICE[code] ?? DEFAULT_ADVICE
