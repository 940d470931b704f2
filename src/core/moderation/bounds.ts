/** Bounds of moderation, each with its unit and reason; a test feeds each one more. */

/** Rules: the longest public block lists have ~5,000 domains. Each is ~200 bytes of the store's one value for them. */
export const RULES_MAX = 8192
/** Drafts that wait for the operator: one long list and some short ones. */
export const DRAFTS_MAX = 8192
/** Records of the audit; the oldest are forgotten. 1,024 single changes are years of a careful operator's work. */
export const AUDIT_MAX = 1024
/** Rules of one change that have a record each; a longer change, such as a list that is applied, has one for all. */
export const AUDIT_SINGLE_MAX = 16
/** Spores whose place is kept because a rule names it. */
export const PLACES_MAX = 4096
/** How many of these by their own word alone: whoever can make keys must not push out who was really there. */
export const PLACES_CLAIMED_MAX = PLACES_MAX / 2
/** Lines of a list that is imported. */
export const IMPORT_LINES_MAX = 10_000
/** Lines that an import names as not understood. */
export const IMPORT_PROBLEMS_MAX = 50
/** Entries that a preview reads to count memories: a second's work. Beyond it the count is a least one. */
export const IMPACT_ENTRIES_MAX = 50_000
/** Examples of what a rule would hit, of each sort. */
export const IMPACT_EXAMPLES_MAX = 5
