/* What kind of talk a text is: of films and other arts, a public post, or a matter between a
 * customer and a company. A bare name means something else in each: "Anna Reyes was superb" is
 * an actress or an agent. */
#include "text/redact/find.h"

#include <threads.h>

enum { SLOTS = 4096, WEAK_MOST = 2 };

/* What one word says. */
enum hint { FILM = 1, PERHAPS_FILM, LITERARY, ARTS, PUBLIC, SERVICE };

static const struct {
    enum hint hint;
    const char *words; /* folded, parted by blanks */
} lists[] = {
    {FILM,
     "film films movie movies filmmaker filmmakers filmmaking actor actors actress actresses "
     "director directors directed directs directorial "
           "directing starring costar costars cast screenplay screenwriter script scripted sequel "
           "sequels prequel remake comedy comedies comic comedic "
           "drama dramas melodrama thriller thrillers documentary cinema cinematic cinematography "
           "cinematographer moviegoers hollywood bollywood "
           "oscar oscars blockbuster acting portrayal protagonist protagonists storyline flick "
           "biopic satire farce noir "
           "adaptation theaters pixar onscreen dialogue scenes scene viewers filmed screenwriters "
           "animator animators cinematically filmgoers "
           "acteur acteurs actrice actrices realisateur realisatrice realisateurs realise "
           "realisation realisee comedie comedies scenario scenariste "
           "personnage personnages cineaste cineastes cine bobine navet intrigue suspense tournage "
           "spectateur spectateurs "
           "pelicula peliculas actriz actrices directora guion cineasta rodaje reparto "
           "protagonista personaje personajes documental "
           "dialogues documentaire metrage telefilm cinematographique generique comedien comediens "
           "casting nanar slasher flicks filme filmer epouvante "
           "interpretes adaptado largometraje cortometraje taquilla "
           "episode episodes soap sitcom plot plots subplot"},
    {PERHAPS_FILM,
     "story stories tale tales star stars role roles romance romantic horror charm charisma "
     "charismatic entertaining entertainment entertainer "
                   "funny humor humour humorous laughs laugh witty wit hilarious touching boring "
                   "dull genre melodramatic style vision visual visuals "
                   "sentimental emotional emotion emotionally talent inspired masterpiece cliche "
                   "cliches cliched predictable "
                   "fantasy action chemistry villain hero heroine heroes ensemble debut "
                   "career turn "
                   "pretentious sappy hokey quirky offbeat subtle compelling engrossing tedious "
                   "spectacle epic classic art artistic "
                   "performance performances screen series season seasons serie tv character "
                   "characters audience audiences "
                   "portrays portrait plays played playing narrative characterization theme themes "
                   "soundtrack animated animation sketch laughable production parody trilogy saga "
                   "slapstick performer performers monologue footage biography studio opera "
                   "imagery persona villainous lover stylish graceless tale debacle exploitation "
                   "show shows "
                   "engaging fable storytelling sentimentality formulaic premise suspenseful "
                   "deftly poignant riveting contrived hackneyed gritty absorbing heartfelt "
           "overwrought unsettling endearing yarn narration gripping twists pacing chilling "
           "heartwarming wannabe meditation poetry thrills plotting pathos "
           "preposterous maudlin derivative denouement preachy meandering escapism caper romp "
           "angst unflinching watchable amusing intriguing convincing realism "
           "exhilarating tiresome inventive triumph gangster tragedy sequences adapted portraiture "
           "naturalism revelatory whimsy schtick shtick lowbrow "
           "campy incarnation pretensions spooky unfunny heartbreaking thoughtful poetic lifeless "
           "profound provocative delightful "
           "pretension masterfully gags mesmerizing underdog sappiness oeuvre "
           "emouvant touchant drole recit rebondissements realisme prestation poesie comique "
           "suspens tourne speciaux polar "
           "histoire heros jeu emotion magnifique ennuyeux decor decors musique oeuvre chef scene "
           "trame fiction interprete interpretation role "
                   "historia papel papeles actuacion trama escena escenas espectador genial"},
    /* of books, plays and records */
    {FILM,
     "audiobook audiobooks audible narrator narrators narrated narrates novelist novelists "
     "novella novellas memoir memoirs paperback paperbacks hardback hardcover bookclub "
     "cookbook cookbooks playwright playwrights audiolibro audiolibros narrador narradora "
     "novelista novelistas trilogia poemario tebeo dramaturgo dramaturga romancier romanciere "
     "ecrivain ecrivains ecrivaine autrice tome tomes bd dessinateur dessinatrice narrateur "
     "narratrice trilogie dramaturge discography"},
#include "text/redact/film.inc"
    {ARTS,
     "novel novels author authors book books album albums song songs singer singers songwriter "
     "band bands concert concerts musician musicians drummer "
           "guitarist lyrics playlist gig poet poem painter museum roman auteur livre livres "
           "chanson chanteur chanteuse groupe novela libro libros autor "
           "autora cancion canciones cantante disco concierto player players goal team fan equipo"},
    {PUBLIC,
     "president minister senator congressman governor gov election elections politician "
     "politicians republican republicans democrat democrats "
             "parliament chancellor candidate candidates senate congress gop trump obama cnn nfl "
             "nba nhl mlb ufc wwe mma pga fifa uefa coach league "
             "championship champions tournament tournaments striker quarterback pitcher goalkeeper "
             "winger defender midfielder fielder innings playoffs "
             "olympics wrestling wrestlemania touchdown touchdowns roster rematch knockout nascar "
             "rapper celebrity celebrities paparazzi grammy grammys emmys "
             "tweets tweeted tweeting liga ministro ministra gobierno presidente presidenta "
             "alcalde diputado elecciones jugador jugadores entrenador gol "
             "futbol seleccion ministre depute senateur maire gouvernement joueur joueurs "
             "entraineur footballeur ecologie ecologistes ecologiste prefet "
             "militants insurgents presidential referendum brexit ukip tories playoff qb wicket "
             "batsman bowler referee boxing boxer wimbledon goalie semifinal semifinals "
             "quarterfinal homerun "
             "shortstop outfielder rookie linebacker superbowl setlist frontman mixtape remix "
             "paparazzo bandwagon batting rushing offense halftime packers dodgers lakers celtics "
             "yankees patriots cowboys broncos seahawks giants bayern everton presidentielle "
             "presidentielles deputes psoe"},
    {SERVICE,
     "refund refunded rep reps representative technician helpdesk invoice beneficiary complaint "
     "appointment reservation warranty "
              "salesperson salesman receptionist cashier waitress account customer statement "
              "billing "
              "reembolso factura asesor asesora recepcionista cuenta reclamacion "
              "remboursement facture conseiller conseillere technicien vendeur vendeuse "
              "reclamation"},
};

static const char *const selves[] = {
    "i",  "my",  "me",  "mine", "myself", "we",    "us",  "our", "ours", "im", "ive",
    "je", "mon", "ma",  "mes",  "moi",    "nous", "notre", "nos", "yo",  "mi",   "mis"};

static struct slot {
    uint32_t hash, hint;
} slots[SLOTS];
static struct redact_starts starts;
enum { HINT_BITS = 15, SELF_BITS = 9 };
static uint64_t hints[(1 << HINT_BITS) / 64], of_self[(1 << SELF_BITS) / 64];
static once_flag once = ONCE_FLAG_INIT;

static struct slot *slot_of(struct str word)
{
    uint32_t hash = redact_hash_of(word), i = hash % SLOTS;
    while (slots[i].hint && slots[i].hash != hash) i = (i + 1) % SLOTS;
    slots[i].hash = slots[i].hint ? slots[i].hash : hash;
    return &slots[i];
}

static void build(void)
{
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (struct str rest = str_of(lists[i].words); rest.size;) {
            struct str word = str_cut(&rest, ' ');
            struct slot *slot = slot_of(word);
            if (!slot->hint) slot->hint = lists[i].hint;
            redact_mark_start(&starts, word);
        }
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        redact_mark_words(hints, HINT_BITS, str_of(lists[i].words));
    for (size_t i = 0; i < sizeof selves / sizeof *selves; i++)
        redact_mark_words(of_self, SELF_BITS, str_of(selves[i]));
}

void redact_register_open(void) { call_once(&once, build); }

static enum hint hint_of(uint32_t hash)
{
    for (uint32_t i = hash % SLOTS; slots[i].hint; i = (i + 1) % SLOTS)
        if (slots[i].hash == hash) return slots[i].hint;
    return 0;
}

/* "@someone", "#thing": a word right behind the sign, a blank before it. */
static bool is_handle(struct str text, size_t i)
{
    return (text.data[i] == '@' || text.data[i] == '#') && is_letter(at(text, i + 1)) &&
           (i == 0 || !is_word(text.data[i - 1]));
}

/* An e-mail, phone, card … that gave way in a pass before. */
static bool is_contact(struct str text, size_t i)
{
    static const char *const kinds[] = {
        "[EMAIL]", "[PHONE]", "[ADDRESS]", "[CARD]", "[ACCOUNT]", "[NATIONAL_ID]",
        "[DATE_OF_BIRTH]", "[IBAN]"};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        if (str_starts(str_slice(text, i, text.size), str_of(kinds[k]))) return true;
    return false;
}

/* "show up", "was a star", "todo el equipo": said of people as well. */
static bool is_idiom(struct str text, const struct redact_word *word,
                     const struct redact_word *lead)
{
    struct redact_word other;
    if (word_is(word, "show")) {
        if (at(text, word->end) != ' ') return false;
        redact_word_at(text, word->end + 1, &other);
        return word_is(&other, "up");
    }
    redact_word_before(text, lead->start, &other);
    if (word_is(word, "star"))
        return word_is(lead, "a") && (word_is(&other, "was") || word_is(&other, "is"));
    if (word_is(word, "equipo")) return word_is(lead, "el") && word_is(&other, "todo");
    return false;
}

/* "your team", "tout son équipe": who serves the customer; "five stars": what is given for it. */
static bool is_of_service(struct str text, const struct redact_word *word)
{
    static const char *const teams[] = {"team", "equipo"};
    static const char *const stars[] = {"star", "stars", "show"};
    static const char *const whose[] = {
        "your", "her", "support", "service", "sales", "whole", "entire", "tu", "su", "vuestro",
        "todo"};
    static const char *const counts[] = {"one", "two", "three", "four", "five", "ten"};
    bool team = IS_ONE_OF(word, teams), star = !team && IS_ONE_OF(word, stars);
    if (!team && !star) return false;
    if (star && word->start > 1 && is_digit(text.data[word->start - 2])) return true;
    struct redact_word lead;
    redact_word_before(text, word->start, &lead);
    if (!lead.size || lead.end + 1 != word->start) return false;
    if (is_idiom(text, word, &lead)) return true;
    return team ? IS_ONE_OF(&lead, whose) : !word_is(word, "show") && IS_ONE_OF(&lead, counts);
}

/* "cuenta la historia", "nos cuenta": tells, and is nobody's account. */
static bool is_telling(struct str text, const struct redact_word *word)
{
    static const char *const told[] = {"la", "las", "el", "los", "una", "un", "como", "que", "con"};
    static const char *const whose[] = {"mi", "tu", "su", "la", "una", "nuestra", "vuestra", "esta",
                                        "otra", "de", "cada"};
    struct redact_word lead, behind;
    if (!word_is(word, "cuenta")) return false;
    redact_word_before(text, word->start, &lead);
    redact_word_at(text, word->end + 1, &behind);
    return behind.size && IS_ONE_OF(&behind, told) && !(lead.size && IS_ONE_OF(&lead, whose));
}

/* "an account of the life of": told, and nobody's with a company. */
static bool is_story(struct str text, const struct redact_word *word)
{
    struct redact_word of;
    if (!word_is(word, "account")) return false;
    redact_word_at(text, word->end + 1, &of);
    return word_is(&of, "of");
}

static bool speaks_of_self(struct str text)
{
    enum { LONGEST = 5 }; /* longer ones aren't looked for */
    char room[OUTLINE_BYTES];
    struct redact_outline outline;
    for (size_t start = 0; start < text.size; start += outline.width) {
        outline = redact_outline_at(text, start, room);
        uint64_t words = redact_words_among(of_self, SELF_BITS, NULL, outline.bytes, outline.words,
                                            outline.letters & ~outline.high, ~outline.letters);
        for (; words; words &= words - 1) {
            size_t i = start + (size_t)__builtin_ctzll(words);
            struct redact_word word;
            if (text.data[i] & 0x80 || redact_run_end(text, i, RUN_LETTERS) - i > LONGEST) continue;
            redact_word_at(text, i, &word);
            if (word.size && IS_ONE_OF(&word, selves)) return true;
        }
    }
    return false;
}

bool redact_speaks_of_self(struct redact_finder *finder)
{
    if (!finder->self_sought) finder->speaks_of_self = speaks_of_self(finder->text);
    finder->self_sought = true;
    return finder->speaks_of_self;
}

/* Counts what the word at `i` hints at. Where the look goes on. */
static size_t take_hint(struct str text, size_t i, uint32_t count[static SERVICE + 1])
{
    if (!redact_is_marked(&starts, text.data + i, text.size - i))
        return redact_run_end(text, i, RUN_LETTERS);
    size_t end = redact_run_end(text, i, RUN_ASCII);
    bool ascii = end > i && (end == text.size || !(text.data[end] & 0x80));
    if (ascii && !redact_is_shaped(&starts, text.data + i, end - i)) return end;
    struct redact_word word;
    redact_word_at(text, i, &word);
    enum hint hint = word.size ? hint_of(word.hash) : 0;
    if (hint == SERVICE && (is_telling(text, &word) || is_story(text, &word))) hint = 0;
    if ((hint != ARTS && hint != PERHAPS_FILM) || !is_of_service(text, &word)) count[hint]++;
    return word.end > i ? word.end : i + 1;
}

/* The registers that signs tell of; words are counted. */
static uint32_t look_through(struct str text, uint32_t count[static SERVICE + 1])
{
    uint32_t found = 0;
    char room[OUTLINE_BYTES];
    struct redact_outline outline;
    for (size_t start = 0; start < text.size; start += outline.width) {
        outline = redact_outline_at(text, start, room);
        for (uint64_t signs = outline.signs; signs; signs &= signs - 1) {
            size_t i = start + (size_t)__builtin_ctzll(signs);
            if (is_handle(text, i)) found |= REGISTER_SOCIAL;
            if (text.data[i] == '[' && is_contact(text, i)) found |= REGISTER_CONTACT;
        }
        uint64_t marked =
            redact_words_among(hints, HINT_BITS, &starts, outline.bytes, outline.words,
                               outline.letters & ~outline.high, ~outline.letters);
        for (; marked; marked &= marked - 1) {
            size_t i = start + (size_t)__builtin_ctzll(marked);
            while (i < text.size && is_letter(text.data[i])) i = take_hint(text, i, count);
        }
    }
    return found;
}

static uint32_t look(struct str text)
{
    uint32_t count[SERVICE + 1] = {0}, found = look_through(text, count);
    /* a critic's words are a hint only where nobody speaks of himself: customers have them, too */
    if (count[LITERARY] && !speaks_of_self(text)) found |= REGISTER_FILM;
    if (count[FILM] || count[PERHAPS_FILM] + count[LITERARY] >=
                           (count[ARTS] && !count[LITERARY] ? WEAK_MOST + 1 : WEAK_MOST))
        found |= REGISTER_FILM;
    if (count[PERHAPS_FILM]) found |= REGISTER_HINT;
    if (count[PUBLIC]) found |= REGISTER_ARTS | REGISTER_PUBLIC;
    if (count[ARTS]) found |= REGISTER_ARTS;
    /* a film has agents, accounts and statements as well */
    if (count[SERVICE] > (count[FILM] > 2 ? count[FILM] : count[FILM] > 0))
        found |= REGISTER_SERVICE;
    return found | REGISTER_LOOKED;
}

uint32_t redact_registers(struct redact_finder *finder)
{
    if (!finder->registers) finder->registers = look(finder->text);
    return finder->registers;
}
