/** Bounds of what is said about a task (PROTOCOL.md §5 and §10), each with its unit and reason. */

/** Characters of one possible answer: a page. What is longer is no answer that can be compared. */
export const ANSWER_CHARS_MAX = 16_384
/** Choices of a task, and characters of one: as many as there are letters to name them by. */
export const CHOICES_MAX = 26
export const CHOICE_CHARS_MAX = 1_000
/** Roles that a task may ask for. */
export const TASK_ROLES_MAX = 8
/** Seconds that a task may be given: one day. */
export const TASK_SECONDS_MAX = 86_400
/** Characters of what a task is about. */
export const DOMAIN_CHARS_MAX = 64
/** Answers that a task may ask to wait for. */
export const TASK_ANSWERS_MAX = 64
/** Spores that one call names: as many as answers may be waited for. */
export const CALLED_MAX = TASK_ANSWERS_MAX
/** How often a question may be asked anew; beyond that its last answer stands. */
export const ATTEMPTS_MAX = 65_535
/** Rounds of a task, counted from 0: eight of the effort `deep`, and as many again for efforts to come. */
export const ROUND_MAX = 15
/** Possible answers that a contribution names beside its likeliest one. */
export const OTHERS_MAX = 7
/** What shares, weights and confidences are counted in: there are no fractions in hashed bytes. */
export const PER_MILLE = 1_000
/** Claims of a contribution, characters of one, and quotes that one rests on. */
export const CLAIMS_MAX = 16
export const CLAIM_CHARS_MAX = 1_000
export const CLAIM_SOURCES_MAX = 8
/** Characters of the reason beside an answer. */
export const REASON_CHARS_MAX = 4_000
/** Entries that a contribution names as read before answering. */
export const RECALLED_MAX = 32
/** Bytes of the salt of an answer that was sealed: nobody finds an answer of four choices by trying. */
export const SALT_BYTES = 16
/** Contributions that a review ranks, and characters of the flaw that it names in one. */
export const REVIEWED_MAX = 32
export const FLAW_CHARS_MAX = 1_000
/** Reasons why a synthesis is degraded, and characters of one. */
export const DEGRADATIONS_MAX = 16
export const DEGRADATION_CHARS_MAX = 64
/** Characters of a did:key, which has 56. */
export const AUTHOR_CHARS_MAX = 64
/** Characters of the names of a model, a family and a role. */
export const MODEL_CHARS_MAX = 64
/** The greatest mass of one contribution, in micronats: 50 nats, beyond the log-odds that any evidence gives. */
export const MASS_MAX = 50_000_000
