/**
 * What the shared dictionary is made of, written by hand: words of everyday and of technical English, the rarer ones first,
 * since what stands near the end is reached with fewer bits; then phrases. Once released, none of it changes: another
 * dictionary is another version of the protocol.
 */

export const WORDS = `
absolutely accept accident achieve across action active activity actual adapter address adopt advantage adventure advice
affect afford afternoon agency agreement ahead airport algorithm allow almost alone along already alternative although
amazing amount analysis ancient angry animal announce annual another answer anxious anybody anyone anything anyway
apartment apparently appear application apply appointment appreciate approach appropriate approve architecture area
argument army around arrange arrive article artist aspect assert assessment assign assist associated assume attack
attempt attend attention attitude audience author authority automatic available average avoid award aware awesome baby
background balance band bank base basic basis basket battle beach beautiful because become before begin behaviour behind
belief believe belong below benefit best better between beyond bicycle bill birthday block blood board boat body book
border boring borrow bottle bottom bought boundary branch brave bread break breakfast breathe bridge brief bright bring
broken brother brought browser budget buffer build building burn business busy button cache calendar call calm camera
camp campaign cancel cancer candidate capital capture career careful carry case catch category cause celebrate cell
central centre century certain chain challenge champion chance change channel chapter character charge charity check
cheese chemical chicken chief child children choice choose church circle citizen city claim class classic clean clear
client climate climb clock close clothes cloud club coach coast code coffee cold collaborate collect college colour
combine come comfortable command comment commercial commit committee common communicate community company compare compete
complete complex component computer concept concern concert conclude condition conference confidence configuration confirm
conflict connect connection consider consistent constant contact contain content context continue contract contribute
control conversation cook cool copy core corner correct cost could council count country couple courage course court cover
crash crazy create creative credit crew crime crisis critical cross crowd cultural culture cup curious current custom
customer cycle daily damage dance danger dark data database date daughter dead deal death debate decade decide decision
declare decline deep default defence define definitely degree delay deliver demand department depend deploy depth describe
desert design desire desk despite destroy detail detect determine develop developer device dialogue different difficult
digital dinner direct direction director directory disagree disappear discover discuss disease distance distributed
divide doctor document dollar domain door double doubt down download draft drama draw dream dress drink drive drop dry due
during duty each early earn earth east easily easy economic economy edge edit education effect effective effort eight
either election element else email emergency emotion emotional employee empty encourage end endpoint enemy energy engine
engineer enjoy enough ensure enter entire entry environment equal equipment error escape especially essential establish
estimate even evening event eventually ever every everybody everyone everything evidence exactly example excellent except
exchange excited exciting execute exercise exist expand expect expensive experience experiment expert explain explore
export express extend extra extremely eye face fact factor fail failure fair faith fall false familiar family famous
fantastic farm fashion fast father favourite fear feature federal feel feeling fellow field fight figure file fill film
final finally finance find fine finger finish fire first fish five fix flat flight floor flow flower focus folder follow
food foot football force foreign forest forget form formal format former forward found foundation four frame framework free
freedom frequent fresh friend friendly from front fruit full fun function fund funny future game garden gather general
generate generation gentle get gift girl give glad glass global goal gold gone good gorgeous government grab grade grand
grandmother grant great green ground group grow growth guarantee guard guess guest guide guitar guy hair half hall hand
handle hang happen happy hard hardware hate have head health healthy hear heart heat heavy height help here hidden high
highlight hike hill history hit hobby hold hole holiday home honest hope horse hospital host hot hotel hour house however
huge human hundred hurt husband idea ideal identify identity ignore image imagine immediately impact implement
implementation important impossible impress improve include including income increase incredible indeed independent index
indicate individual industry influence information initial injury inner input inside inspire inspiring install instance
instead institution instruction insurance integrate interest interesting interface internal international internet
interview introduce invest investigate invite involve island issue item itself job join joke journal journey joy judge jump
just justice keep key kid kill kind kitchen know knowledge label lack land language large last late later latest laugh
launch law lawyer layer lead leader learn learning least leave lecture left legal lesson letter level library licence life
light like likely limit line link list listen literature little live load local location lock log long look lose loss lost
love lovely low luck lucky lunch machine magazine main maintain major make manage management manager manner many map market
marriage match material matter maybe meal mean measure media medical meet meeting member memory mental mention menu merge
message metal method middle might mile military milk million mind minute miss mission mistake mix mode model modern module
moment money monitor month mood more morning most mother motivate mountain mouse mouth move movement movie much museum
music must name narrow nation national native natural nature near nearly necessary need negative neighbour neither nervous
network never new news next nice night nine node nobody none normal north note nothing notice novel now number object
observe obvious occasion occur ocean offer office officer official often oil old once one online only open operate
operation opinion opportunity option orange order ordinary organise organization original other otherwise outcome output
outside over overall own owner package page pain paint painting pair panel paper parameter parent park part particular
partner party pass passion past path patient pattern pay payment peace peer people percent perfect perform performance
perhaps period permission person personal perspective phase phone photo phrase physical piano pick picture piece place plan
plane plant plastic platform play player please plenty plus pocket poem point policy political pool poor popular population
port position positive possible post potential power practice prefer prepare present president pressure pretty prevent
previous price private probably problem procedure process produce product production professional professor profile
program progress project promise promote proof proper property propose protect protocol proud prove provide public publish
pull purchase pure purpose push put quality quarter query question quick quickly quiet quite race radio rain raise random
range rate rather reach react read ready real reality realize really reason receive recent recipe recognize recommend
record recover reduce refer reference reflect refuse regard region register regular reject relate relationship relax
release relevant religious remain remember remind remote remove repair repeat replace replica reply report repository
represent request require research resolve resource respond response responsible rest restaurant result return reveal
review revolution rich ride right ring rise risk river road rock role roll roof room root rough round route routine rule
run runtime safe safety same sample save scale scene schedule schema school science scientist scope score screen script
sea search season second secret section secure security see seem segment select self sell send senior sense sentence
separate sequence series serious serve server service session set settle seven several shadow shall shape share sharp shell
shift ship shirt shoe shop short should shoulder show shower side sight sign signal signature significant silence similar
simple simply since sing single sister sit site situation size skill skin sky sleep slow small smart smile smooth snow
social society soft software solution solve some somebody someone something sometimes somewhere son song soon sorry sort
soul sound source south space speak special specific speech speed spend spirit sport spread spring square stable staff
stage stand standard star start state statement station status stay step still stock stone stop storage store storm story
straight strange strategy stream street strength stress strict string strong structure struggle student study stuff style
subject success successful sudden suffer sugar suggest summary summer sunday sunset supply support suppose sure surface
surprise survive sweet swim switch symbol system table take talent talk target task tax tea teach teacher team technical
technique technology tell temperature ten term terrible test text than thank that theme themselves theory therapy there
these thing think third this those though thought thousand thread threat three through throw thus ticket time tiny tired
title today together token tomorrow tonight tool top topic total touch tough tour toward town track trade tradition
traditional traffic train training transaction transfer transform translate travel treat treatment tree trend trial trip
trouble true truly trust truth try turn twelve twenty twice type typical under understand unfortunately union unique unit
universe university unless until unusual update upgrade upload upon user usual usually valid valuable value variable variety
various vector verify version victim video view village violence visible vision visit visual voice volume volunteer vote
wait walk wall want war warm warning wash watch water weather website wedding week weekend weekly weight welcome well west
what whatever wheel when where whether which while white whole whose wide wife wild will win wind window wine winter wish
within without woman women wonder wonderful wood word work worker workshop world worry worth would wow write writer wrong
yard year yellow yes yesterday young yourself zero
monday tuesday wednesday thursday friday saturday january february march april may june july august september october
november december
able about above according added after again against agent agents all also always and any are asked away back been being big
both called came can did does doing done early either ended felt few five found gave gets getting given gives goes going
gone got had has having heard held helped her here hers him his how into its it's kept knew known led left less let lets
liked lived looked looking lot made makes making may me means meant met mine moved my need needed needs never no nor not of
off okay on ones or our ours out over paid played ran read said sat saw say says seen sent seven she showed since six so
someone spent started still stood such taken takes taking talked than thanks that the their them then there they thing
things think those thought three time to told too took tried true two under until up us use used uses using very want wanted
wants was way we went were what when where which while who why will with won working works written wrote yes yet you your
yours
`

export const PHRASES = [
  'the decision of the meeting was to ',
  'it is important that ',
  'according to ',
  'in order to ',
  'on the other hand, ',
  'as a result of ',
  'as well as ',
  'at the same time ',
  'at least ',
  'because of ',
  'for example, ',
  'in addition to ',
  'instead of ',
  'more than ',
  'one of the ',
  'some of the ',
  'most of the ',
  'the end of the ',
  'such as ',
  'there are ',
  'there is a ',
  'this is the ',
  'which is ',
  'that the ',
  'with the ',
  'from the ',
  'by the ',
  'to the ',
  'on the ',
  'for the ',
  'of the ',
  'in the ',
  'and the ',
  'is not ',
  'has been ',
  'have been ',
  'will be ',
  'would be ',
  'could be ',
  'should be ',
  'must be ',
  'can be ',
  'was a ',
  'it was ',
  'I was ',
  'I am ',
  'I have ',
  'I want to ',
  'I think ',
  'I know ',
  'I love ',
  'I really ',
  'I just ',
  'I hope ',
  'I can ',
  "I can't wait to ",
  "I don't ",
  "I didn't ",
  "I'll ",
  "I'd love to ",
  "I've been ",
  "I'm so ",
  "I'm glad ",
  "you're ",
  "we're ",
  "they're ",
  "it's ",
  "that's ",
  "That's ",
  "It's ",
  "What's ",
  "Let's ",
  "isn't ",
  "wasn't ",
  "couldn't ",
  "wouldn't ",
  "doesn't ",
  'Hey ',
  'Hi ',
  'Wow, ',
  'Yeah, ',
  'Yes, ',
  'No, ',
  'Oh, ',
  'Thanks for ',
  'Thank you ',
  'Thanks, ',
  'Congrats on ',
  'Good to see you! ',
  'How have you been? ',
  'How are you? ',
  'How about you? ',
  'What about you? ',
  'Have you ',
  'Did you ',
  'Do you ',
  'What do you think ',
  'sounds like a ',
  'sounds great! ',
  'looking forward to ',
  'a lot of ',
  'a few ',
  'kind of ',
  'going to ',
  'able to ',
  'used to ',
  'trying to ',
  'decided to ',
  'took me ',
  'to be ',
  'to see ',
  'to help ',
  'to make ',
  'to get ',
  'last week',
  'last night',
  'next month',
  'this weekend',
  'my family and ',
  'my kids ',
  'my friends ',
  'and I ',
  ', but ',
  ', and ',
  ', so ',
  '. The ',
  '. This ',
  '. It ',
  '. I ',
  '! I ',
  '! It ',
  '? ',
  'tion ',
  'tions ',
  'ation ',
  'ing ',
  'ings ',
  'ness ',
  'ment ',
  'ments ',
  'ally ',
  'able ',
  'ful ',
  'less ',
  'ity ',
  'ies ',
  'ed ',
  'ers ',
  'er ',
  'est ',
  'ly ',
]

export const MARKUP = [
  '\n\n# ',
  '\n\n## ',
  '\n\n### ',
  '\n\n- ',
  '\n- [ ] ',
  '\n- **',
  '** ',
  '\n1. ',
  '\n2. ',
  '\n> ',
  '\n```json\n{"',
  '": "',
  '", "',
  '": [',
  '"}',
  '\n```ts\n',
  '```\n\n',
  'function ',
  'return ',
  'const ',
  'import ',
  'export ',
  'async ',
  'await ',
  'interface ',
  'null',
  'undefined',
  'true',
  'false',
  '.json',
  '.md',
  '.ts',
  '.py',
  '](',
  ' | ',
  '\n| --- | --- |\n',
  'https://www.',
  'https://github.com/',
  'https://en.wikipedia.org/wiki/',
  'https://arxiv.org/abs/',
  '.org/',
  '.com/',
  '2025-',
  '2026-',
  'T00:00:00Z',
  '00',
  '000',
  '%',
]
