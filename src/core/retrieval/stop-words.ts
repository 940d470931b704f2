/**
 * English words that carry no topic, as they stand after lower-casing and dropping apostrophes. Question words are
 * among them: "when did" says what kind of answer is wanted, not what it is about. They cost nothing to leave out of
 * the term field, and their postings would be the longest; the 4-gram field still holds them.
 */
const LIST = `
a about above after again against ain all also am an and another any anybody anyone anything are arent as at
be because been before being below between both but by can cannot cant could couldnt
did didnt do does doesnt doing dont down during each either else etc ever every
few for from further get gets getting got had hadnt has hasnt have havent having he hed hell her here heres hers
herself hes him himself his how however i id if ill im in into is isnt it itd itll its itself ive
just lets like may me might mightnt more most much must mustnt my myself
neither no nor not now of off on once one only or other others ought our ours ourselves out over own
per same shall shant she shed shell shes should shouldnt since so some somebody someone something such
than that thatll thats the their theirs them themselves then there theres these they theyd theyll theyre theyve this
those though through thus to too under until up upon us very via was wasnt we wed well were werent weve
what whatever whats when whenever where wheres whereas wherever whether which while who whoever whom whos whose why
will with within without wont would wouldnt yet you youd youll your youre yours yourself yourselves youve
`

export const STOP_WORDS: ReadonlySet<string> = new Set(LIST.trim().split(/\s+/))
