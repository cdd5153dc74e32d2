/* The shipped cue lists on sentences written for it: state, kinds, seriousness, and the evidence
 * with its polarity. */
#include "screen_rig.h"

#define AE    (1u << SCREEN_ADVERSE_EVENT)
#define HAZ   (1u << SCREEN_HAZARD)
#define COMP  (1u << SCREEN_PRODUCT_COMPLAINT)
#define SPEC  (1u << SCREEN_SPECIAL_SITUATION)
#define DEATH (1u << SCREEN_DEATH)
#define LIFE  (1u << SCREEN_LIFE_THREATENING)
#define HOSP  (1u << SCREEN_HOSPITALISATION)
#define DISAB (1u << SCREEN_DISABILITY)
#define CONG  (1u << SCREEN_CONGENITAL_ANOMALY)
#define MED   (1u << SCREEN_MEDICALLY_IMPORTANT)

enum {
    AFF = SCREEN_AFFIRMED,
    NEG = SCREEN_NEGATED,
    CON = SCREEN_CONDITIONAL,
    IND = SCREEN_INDICATION,
    FIG = SCREEN_FIGURATIVE,
    UNR = SCREEN_UNRELATED
};

/* kinds 0: negative. quote: what one hit must cover, byte for byte, with this polarity; NULL with
 * polarity 0: there is no hit. */
static const struct screen_case {
    const char *why, *language, *text;
    uint32_t kinds, seriousness;
    const char *quote;
    int polarity;
} cases[] = {
    /* English: reactions */
    {"a plain reaction", "en", "This cream gave me a rash.", AE, 0, "rash", AFF},
    {"whose tooth it is says enough", "en", "It broke my tooth.", AE, MED, "broke my tooth", AFF},
    {"the tooth first", "en", "My back tooth broke on an olive stone.", AE, MED,
     "My back tooth broke", AFF},
    {"a rib, without whose", "en", "Slipped off the step and broke two ribs.", AE, MED,
     "broke two ribs", AFF},
    {"a list of symptoms, no verb", "en", "Dizziness, dry mouth, hair loss.", AE, 0, "dry mouth",
     AFF},
    {"a symptom felt in a body part", "en", "My eyes are red and swollen since yesterday.", AE, 0,
     "eyes are red and swollen", AFF},
    {"burn needs a body part: here is one", "en", "The lotion burned my face.", AE, 0,
     "burned my face", AFF},
    {"burn without a body part is none", "en", "It burned the toast again.", 0, 0, NULL, 0},
    {"no causality is asked for", "en", "I have had nausea all week.", AE, 0, "nausea", AFF},
    {"no person is asked for", "en", "Severe diarrhea after one capsule.", AE, 0, "diarrhea", AFF},
    {"the apostrophe doesn't matter", "en", "I can't sleep since I take it", AE, 0, "can't sleep",
     AFF},
    {"nor does its form", "en", "I can’t sleep since I take it", AE, 0, "can’t sleep", AFF},
    {"nor its absence", "en", "I cant sleep since I take it", AE, 0, "cant sleep", AFF},
    {"case doesn't matter", "en", "TERRIBLE HEADACHES EVERY DAY", AE, 0, "HEADACHES", AFF},
    {"a symptom that is an absence", "en", "No sex drive at all with these pills.", AE, 0,
     "No sex drive", AFF},
    /* English: negation */
    {"negated", "en", "Works well and no side effects.", 0, 0, "side effects", NEG},
    {"negated by a contraction", "en", "It didn't give me a headache.", 0, 0, "headache", NEG},
    {"negation goes on through a list", "en", "No rash, itching or redness so far.", 0, 0,
     "redness", NEG},
    {"negation ends at a comma without a list", "en", "Not impressed, my skin itched for days.", AE,
     0, "itched", AFF},
    {"negation ends at but", "en", "No rash but terrible nausea.", AE, 0, "nausea", AFF},
    {"negation ends with the sentence", "en", "Never again. I had hives.", AE, 0, "hives", AFF},
    {"not only negates nothing", "en", "It caused not only itching but hives.", AE, 0, "itching",
     AFF},
    {"no doubt negates nothing", "en", "No doubt these headaches come from the pills.", AE, 0,
     "headaches", AFF},
    {"negation behind the finding", "en", "Completely rash free with this one.", 0, 0, "rash", NEG},
    {"a negator inside a cue negates nothing else", "en", "Couldn't breathe with that swelling.",
     AE, LIFE, "swelling", AFF},
    {"a negator in the gap of a cue", "en", "My face is not red any more.", 0, 0, "face is not red",
     NEG},
    {"another negator in a gap", "en", "My skin is no longer itchy.", 0, 0,
     "skin is no longer itchy", NEG},
    {"not a single", "en", "Not a single side effect.", 0, 0, "side effect", NEG},
    {"negated hazard", "en", "There was no smoke and no fire hazard.", 0, 0, "fire hazard", NEG},
    {"negated seriousness", "en",
     "Nobody died and nobody had to go to the hospital, I never had a seizure.", 0, 0, "seizure",
     NEG},
    {"without", "en", "Six weeks without migraines, wonderful.", 0, 0, "migraines", NEG},
    /* English: condition, indication */
    {"a condition", "en", "Stop using it if you get a rash.", 0, 0, "rash", CON},
    {"a warning that is quoted", "en", "The label says it may cause drowsiness.", 0, 0,
     "drowsiness", CON},
    {"a worry", "en", "I was worried about nausea.", 0, 0, "nausea", CON},
    {"a conditional hazard, in Spanish", "es", "Si alguna vez causa una quemadura lo devuelvo.",
     HAZ, 0,
     "causa una quemadura", CON},
    {"a conditional hazard, in French: \"si jamais\" negates nothing", "fr",
     "Si jamais cela provoque une brûlure je le rapporte.", HAZ, 0, "provoque une brûlure", CON},
    {"a conditional hazard counts all the same", "en", "This could catch fire.", HAZ, 0,
     "catch fire", CON},
    {"what it is for", "en", "I use it for my eczema and my headaches.", 0, 0, "headaches", IND},
    {"what it relieved", "en", "It relieved the itching within a day.", 0, 0, "itching", IND},
    {"what it is good against", "en", "Works great for migraines.", 0, 0, "migraines", IND},
    {"what is gone", "en", "Two days later the rash was gone.", 0, 0, "rash", IND},
    {"a product named after what it treats", "en", "The best cough syrup and headache medicine.", 0,
     0, "headache", IND},
    {"an indication never hides a serious outcome", "en", "I take it for my seizures.", AE, MED,
     "seizures", IND},
    /* English: seriousness */
    {"death of a person", "en", "My father died two days after the first dose.", AE, DEATH,
     "My father died", AFF},
    {"the death of a device is none", "en", "My phone died after two days.", 0, 0, NULL, 0},
    {"life-threatening", "en", "I could not breathe and my throat swelled shut.", AE, LIFE,
     "could not breathe", AFF},
    {"anaphylaxis", "en", "She went into anaphylactic shock.", AE, LIFE, "anaphylactic", AFF},
    {"hospital", "en", "We ended up in the emergency room.", AE, HOSP, "emergency room", AFF},
    {"hospital quality is no hospital stay", "en", "Hospital quality masks, very happy.", 0, 0,
     NULL, 0},
    {"disability", "en", "He lost his vision in one eye.", AE, DISAB, "lost his vision", AFF},
    {"congenital anomaly", "en", "They blame the syrup for the birth defect.", AE, CONG,
     "birth defect", AFF},
    {"medically important", "en", "I passed out in the kitchen.", AE, MED, "passed out", AFF},
    {"thoughts of suicide", "en", "I started to have suicidal thoughts.", AE, MED, "suicidal", AFF},
    {"a near miss is life-threatening", "en", "My son almost died.", AE, DEATH | LIFE,
     "almost died", AFF},
    /* English: hazards and complaints */
    {"fire", "en", "The charger caught fire at night.", HAZ, 0, "caught fire", AFF},
    {"smoke from an appliance", "en", "The toaster began smoking.", HAZ, 0, "began smoking", AFF},
    {"electric shock", "en", "I got an electric shock from the lamp.", HAZ, 0, "electric shock",
     AFF},
    {"a shock absorber is none", "en", "The shock absorber works fine.", 0, 0, NULL, 0},
    {"a warning of choking", "en", "The eyes are a choking hazard.", HAZ, 0, "choking hazard", AFF},
    {"a sharp edge", "en", "It has sharp edges everywhere.", HAZ, 0, "sharp edges", AFF},
    {"swallowed by a child", "en", "My daughter swallowed the magnet.", HAZ | SPEC, 0, "swallowed",
     AFF},
    {"swallowed by a cash machine", "en", "The ATM swallowed my card.", 0, 0, NULL, 0},
    {"foreign object in food", "en", "I found a piece of metal in my soup.", COMP, 0,
     "metal in my soup", AFF},
    {"expired food", "en", "The milk was expired when it arrived.", COMP, 0, "expired", AFF},
    {"an expired card is no food", "en", "My card expired last week.", 0, 0, NULL, 0},
    {"a broken seal on medicine", "en", "The seal on the bottle was broken.", COMP, 0, NULL, -1},
    /* English: special situations */
    {"pregnancy", "en", "I took this while pregnant.", SPEC, 0, "pregnant", AFF},
    {"who asks wasn't exposed", "en", "Can I take this while pregnant?", 0, 0, "pregnant", CON},
    {"overdose", "en", "He took a double dose yesterday.", SPEC, 0, "took a double dose", AFF},
    {"lack of effect of a medicine", "en", "The tablets didn't work for me.", SPEC, 0,
     "didn't work", AFF},
    {"a device that doesn't work is an ordinary complaint", "en", "The remote didn't work.", 0, 0,
     NULL, 0},
    {"counterfeit", "en", "I am sure these are counterfeit.", SPEC, 0, "counterfeit", AFF},
    {"wrong medicine", "en", "The pharmacy gave me the wrong pills.", SPEC, 0, "wrong pills", AFF},
    /* English: figures of speech and look-alikes */
    {"to die for", "en", "The chocolate is to die for.", 0, 0, NULL, 0},
    {"pain to install", "en", "It was a pain to install.", 0, 0, NULL, 0},
    {"a headache of another kind", "en", "Dealing with support is a headache.", 0, 0, NULL, 0},
    {"a headache that is saved", "en", "This saves me a lot of headaches.", 0, 0, "headaches", FIG},
    {"burning through batteries", "en", "It burns through batteries.", 0, 0, NULL, 0},
    {"dead on arrival", "en", "Dead on arrival, and a dead pixel too.", 0, 0, NULL, 0},
    {"a sick deal", "en", "What a sick deal!", 0, 0, NULL, 0},
    {"cut corners", "en", "They cut corners on the packaging.", 0, 0, NULL, 0},
    {"smoke-free", "en", "From a smoke-free home.", 0, 0, NULL, 0},
    {"a burning question", "en", "One burning question remains.", 0, 0, NULL, 0},
    {"cash withdrawal", "en", "My cash withdrawal is pending.", 0, 0, NULL, 0},
    {"why a flight is changed", "en", "Broke my arm skiing, need to change my flight.", 0, 0,
     "Broke my arm", UNR},
    {"but what the stairs did counts", "en", "Your stairs gave way and I broke my arm.",
     AE | HAZ, MED,
     "broke my arm", AFF},
    {"a death that an account is closed for", "en",
     "My father passed away and I need to close his account.", 0, 0, "passed away", UNR},
    {"a gift after an illness", "en", "Bought for Dad after he had a stroke two years ago.", 0, 0,
     "a stroke", UNR},
    {"a film's plot", "en", "A thriller with a poisoned count, a coma and two seizures.", 0, 0,
     "coma", UNR},
    {"the film hurt its viewer", "en", "I had a seizure during the film.", AE, MED, "seizure", AFF},
    {"a question before buying", "en", "Can I use it while breastfeeding?", 0, 0, NULL, CON},
    /* what takes a cue back takes nothing more */
    {"an illness abroad has a cause here", "en",
     "Broke my wrist on the treadmill, cancelling my membership.", AE, MED, "Broke my wrist", AFF},
    {"a death after the infusion", "en",
     "My mother passed away after the infusion, cancel her membership.", AE, DEATH, "passed away", AFF},
    {"a ward because of the bottle", "en",
     "In hospital because of this bottle, refund the payment.", AE, HOSP,
     "hospital", AFF},
    {"no story: one word of it, and a hazard", "en", "The film caught fire in the oven.", HAZ, 0,
     "caught fire", AFF},
    {"mould that somebody ate", "en", "The bread had gone off, mould everywhere.", COMP, 0,
     "mould", AFF},
    {"allergic to goods", "en", "I'm allergic to your cream.", AE, 0, NULL, -1},
    {"a smell that makes faint", "en", "The smell made me faint.", AE, 0, "made me faint", AFF},
    {"a large pill", "en", "She choked on a large pill.", HAZ, 0, NULL, -1},
    {"an ordinary review", "en", "Great sound, long battery life, fair price.", 0, 0, NULL, 0},
    {"who never woke", "en", "She took one and never woke up.", AE, DEATH, "never woke", AFF},
    {"who never woke on a flight", "en", "The baby never woke, what a quiet flight.", 0, 0, NULL,
     0},
    {"a burial", "en", "We buried her on Monday.", AE, DEATH, "buried her", AFF},
    {"a burial on the beach", "en", "The kids buried him in sand.", 0, 0, NULL, 0},
    {"blue lips", "en", "His lips blue, no answer.", AE, LIFE, "lips blue", AFF},
    {"a lolly", "en", "A lolly that turns lips blue.", 0, 0, NULL, 0},
    {"on a drip", "en", "Three days on a drip.", AE, HOSP, "on a drip", AFF},
    {"blue lights on a cake", "en", "A cake with blue lights for my nephew.", 0, 0, NULL, 0},
    {"a hand without feeling", "en", "I still can't feel my hand.", AE, DISAB, "can't feel my hand",
     AFF},
    {"legs after a class", "en", "Can't feel my legs after squats.", 0, 0, NULL, 0},
    {"a graft", "en", "He needed skin grafts.", AE, MED, "skin grafts", AFF},
    {"born without", "en", "Our son was born without a thumb.", AE, CONG, "born without", AFF},
    {"a vest", "en", "The rash vest fits.", 0, 0, "rash", FIG},
    {"a blind", "en", "The blackout blinds are superb.", 0, 0, NULL, -1},
    {"fewer of them", "en", "Hot flushes down to two a day.", 0, 0, "Hot flushes", IND},
    {"since long ago", "en", "Migraines since childhood.", 0, 0, "Migraines", IND},
    {"a course", "en", "In the first aid class we practised chest compressions.", 0, 0, NULL, 0},
    {"a job", "en", "Twelve hour shifts on a stroke ward in these clogs.", 0, 0, NULL, -1},
    {"a question about a thing", "en", "Is it flammable once dry?", 0, 0, "flammable", UNR},
    {"the one before", "en", "My old kettle caught fire, this one is fine.", HAZ, 0,
     "caught fire", AFF},
    /* Spanish */
    {"una reacción", "es", "La crema me provocó una reacción alérgica.", AE, 0, "reacción alérgica",
     AFF},
    {"con acento o sin él", "es", "Tengo nauseas y vertigo desde ayer.", AE, 0, "nauseas", AFF},
    {"picor", "es", "Me pica todo el cuerpo.", AE, 0, "Me pica", AFF},
    {"caída del pelo", "es", "Se me cae el pelo desde que lo uso.", AE, 0, NULL, -1},
    {"negado", "es", "Sin efectos secundarios.", 0, 0, "efectos secundarios", NEG},
    {"negado en lista", "es", "No tuve náuseas ni mareos.", 0, 0, "mareos", NEG},
    {"la negación acaba en pero", "es", "No tuve fiebre pero sí vómitos.", AE, 0, "vómitos", AFF},
    {"no solo no niega", "es", "No solo tuve urticaria, sino también fiebre.", AE, 0, "urticaria",
     AFF},
    {"sí no es si", "es", "La crema sí me produce picor.", AE, 0, NULL, -1},
    {"si es una condición", "es", "No la uses si te produce picor.", 0, 0, "picor", CON},
    {"ya no", "es", "Ya no me pica.", 0, 0, "me pica", NEG},
    {"negado con verbo", "es", "La crema no me produce picor.", 0, 0, NULL, -1},
    {"condicional", "es", "El prospecto dice que puede causar mareos.", 0, 0, "mareos", CON},
    {"indicación", "es", "Lo tomo para el dolor de cabeza.", 0, 0, "dolor de cabeza", IND},
    {"alivio", "es", "Me alivia el picor.", 0, 0, "picor", IND},
    {"muerte", "es", "Mi padre murió a los dos días.", AE, DEATH, "padre murió", AFF},
    {"el móvil no muere", "es", "Se murió el móvil a la semana.", 0, 0, NULL, 0},
    {"no podía respirar", "es", "Mi hija no podía respirar.", AE, LIFE, "no podía respirar", AFF},
    {"urgencias", "es", "Acabamos en urgencias.", AE, HOSP, "urgencias", AFF},
    {"desmayo", "es", "Me desmayé en la ducha.", AE, MED, "desmayé", AFF},
    {"fuego", "es", "El cargador se prendió fuego.", HAZ, 0, "prendió fuego", AFF},
    {"descarga", "es", "Sufrí una descarga eléctrica con la plancha.", HAZ, 0, "descarga eléctrica",
     AFF},
    {"gusanos en la comida", "es", "El arroz tenía gusanos.", COMP, 0, "gusanos", AFF},
    {"embarazo", "es", "Estoy embarazada, ¿puedo usarlo?", SPEC, 0, "embarazada", AFF},
    {"sin efecto", "es", "No me hizo efecto.", SPEC, 0, "No me hizo efecto", AFF},
    {"muero por", "es", "Muero por probarlo.", 0, 0, NULL, 0},
    {"de muerte", "es", "Está de muerte, lo recomiendo.", 0, 0, NULL, 0},
    {"me duele el precio", "es", "Me duele el precio, pero vale la pena.", 0, 0, NULL, 0},
    {"costillas", "es", "Al caerse se fracturó dos costillas.", AE, MED, "se fracturó dos costillas",
     AFF},
    {"un calambre", "es", "Calambre eléctrico al enchufarlo.", HAZ, 0, "Calambre eléctrico", AFF},
    {"por qué se cambia un vuelo", "es", "Me rompí el brazo esquiando, ¿puedo mover el vuelo?", 0, 0,
     NULL, UNR},
    {"una película", "es", "La trama del thriller: una sobredosis, un incendio y un coma.", 0,
     0, "sobredosis",
     UNR},
    {"en el cine de verdad", "es", "La película bien, pero el asiento se incendió.", HAZ, 0,
     "se incendió", AFF},
    {"un queso con moho", "es", "El queso tenía moho.", COMP, 0, "moho", AFF},
    {"la moneda", "es", "Mi hijo se tragó la moneda.", HAZ, 0, NULL, -1},
    {"lo que dijo el médico", "es", "Me han dicho que es una reacción alérgica.", AE, 0, NULL, -1},
    {"ingresado por unas ostras", "es", "Me ingresaron por las ostras, quiero el reembolso.", AE, HOSP,
     "Me ingresaron", AFF},
    {"una reseña corriente", "es", "Llegó rápido y funciona bien.", 0, 0, NULL, 0},
    {"un velatorio", "es", "Lo velamos el martes.", AE, DEATH, "Lo velamos", AFF},
    {"no despertó", "es", "Mi primo no despertó.", AE, DEATH, "no despertó", AFF},
    {"no despertó interés", "es", "No despertó interés.", 0, 0, NULL, 0},
    {"sin pulso", "es", "Estaba blanco, sin pulso.", AE, LIFE, "sin pulso", AFF},
    {"internado", "es", "Mi hijo quedó internado.", AE, HOSP, "internado", AFF},
    {"un colegio", "es", "El internado tiene buen wifi.", 0, 0, NULL, 0},
    {"una mano sin tacto", "es", "Todavía no siente la mano.", AE, DISAB, "no siente la mano", AFF},
    {"el hígado", "es", "El hígado le falló.", AE, MED, "hígado le falló", AFF},
    {"lo que se fue", "es", "Se me fue el acné.", 0, 0, "acné", IND},
    {"un envase", "es", "La caja trae ampollas intactas.", 0, 0, "ampollas", FIG},
    {"un queso", "es", "Queso azul con moho.", 0, 0, "moho", FIG},
    {"un castillo", "es", "El castillo hinchable del niño.", 0, 0, NULL, -1},
    /* French */
    {"une réaction", "fr", "Cette crème m'a donné des boutons et des rougeurs.", AE, 0, "rougeurs",
     AFF},
    {"article élidé", "fr", "J'ai de l'urticaire depuis hier.", AE, 0, "l'urticaire", AFF},
    {"apostrophe courbe", "fr", "J’ai de l’urticaire depuis hier.", AE, 0, "l’urticaire", AFF},
    {"mal au ventre", "fr", "J'ai mal au ventre à chaque fois.", AE, 0, NULL, -1},
    {"pas mal n'est pas un mal", "fr", "Pas mal du tout, je recommande.", 0, 0, NULL, 0},
    {"nié", "fr", "Aucun effet secondaire.", 0, 0, "effet secondaire", NEG},
    {"nié en liste", "fr", "Pas de nausées ni de vertiges.", 0, 0, "vertiges", NEG},
    {"la négation s'arrête à mais", "fr", "Pas de fièvre mais des vomissements.", AE, 0,
     "vomissements", AFF},
    {"pas seulement ne nie pas", "fr", "Pas seulement des démangeaisons, aussi de la fièvre.", AE,
     0, "démangeaisons", AFF},
    {"ne suffit à nier", "fr", "Cette crème ne m'irrite pas la peau.", 0, 0, NULL, -1},
    {"ne … que ne nie pas", "fr", "Ne m'a apporté que des rougeurs.", AE, 0, "rougeurs", AFF},
    {"conditionnel", "fr", "La notice dit que cela peut causer des vertiges.", 0, 0, "vertiges",
     CON},
    {"indication", "fr", "Efficace contre les migraines.", 0, 0, "migraines", IND},
    {"soulagement", "fr", "Ce baume soulage mes démangeaisons.", 0, 0, "démangeaisons", IND},
    {"décès", "fr", "Ma mère est décédée une semaine après.", AE, DEATH, "mère est décédée", AFF},
    {"mort d'un appareil", "fr", "Téléphone mort au bout de deux mois.", 0, 0, NULL, 0},
    {"pronostic vital", "fr", "Son pronostic vital était engagé.", AE, LIFE, "pronostic vital",
     AFF},
    {"aux urgences", "fr", "Nous avons fini aux urgences.", AE, HOSP, NULL, -1},
    {"hospitalisée, avec l'article", "fr", "On parle d'hospitalisation.", AE, HOSP,
     "d'hospitalisation", AFF},
    {"évanouie", "fr", "Elle s'est évanouie dans le métro.", AE, MED, "évanouie", AFF},
    {"prend feu", "fr", "Le chargeur a pris feu.", HAZ, 0, "pris feu", AFF},
    {"court-circuit", "fr", "Court-circuit dès le premier jour.", HAZ, 0, "Court-circuit", AFF},
    {"moisi", "fr", "Le pain était moisi.", COMP, 0, "moisi", AFF},
    {"enceinte", "fr", "Je suis enceinte de six mois.", SPEC, 0, "enceinte", AFF},
    {"une enceinte bluetooth ne l'est pas", "fr", "Enceinte bluetooth au son puissant.", 0, 0, NULL,
     0},
    {"aucun effet", "fr", "Aucun effet après deux semaines.", SPEC, 0, "Aucun effet", AFF},
    {"ce qui motive une demande", "fr", "Je me suis cassé le bras au ski, il faut changer mon billet.",
     0, 0,
     NULL, UNR},
    {"un film", "fr", "Un film dur : le réalisateur filme un homme hospitalisé, puis sa fin.", 0, 0,
     "hospitalisé", UNR},
    {"un film qui rend malade pour de bon", "fr", "Ce film m'a donné des vertiges.", AE, 0,
     "m'a donné des vertiges", AFF},
    {"un menu", "fr", "Le menu m'a rendu malade.", AE, 0, NULL, -1},
    {"un mois n'est pas un tarif", "fr", "Il saigne depuis un mois.", AE, 0, "saigne", AFF},
    {"les lèvres", "fr", "Ça m'a brûlé les lèvres.", AE, 0, NULL, -1},
    {"une plaie pour de bon", "fr", "La chaussure m'a fait une plaie.", AE, 0, NULL, -1},
    {"le coma d'un fils", "fr", "Mon fils est dans le coma, le service client ne répond pas.", AE, MED,
     "coma", AFF},
    {"tuerie", "fr", "Ce gâteau est une tuerie.", 0, 0, NULL, 0},
    {"mort de rire", "fr", "Je suis morte de rire.", 0, 0, NULL, 0},
    {"prise de tête", "fr", "Quelle prise de tête pour l'installer.", 0, 0, NULL, 0},
    {"un enterrement", "fr", "On l'a enterrée en mai.", AE, DEATH, NULL, -1},
    {"dans son sommeil", "fr", "Elle est partie dans son sommeil.", AE, DEATH,
     "partie dans son sommeil", AFF},
    {"plus de pouls", "fr", "Il n'avait plus de pouls.", AE, LIFE, NULL, -1},
    {"sous perfusion", "fr", "Trois jours sous perfusion.", AE, HOSP, "sous perfusion", AFF},
    {"une banque sous perfusion", "fr", "Une banque sous perfusion.", 0, 0, NULL, 0},
    {"qui ne reconnaît plus", "fr", "Maman ne nous reconnaît plus.", AE, DISAB,
     "ne nous reconnaît plus", AFF},
    {"le foie", "fr", "Son foie a lâché.", AE, MED, "foie a lâché", AFF},
    {"un sèche-cheveux", "fr", "Mes cheveux aiment ce sèche-cheveux.", 0, 0, NULL, -1},
    {"ce qui est parti", "fr", "Les brûlures d'estomac que je traînais sont parties.", 0, 0,
     "brûlures d'estomac", IND},
    {"depuis l'enfance", "fr", "De l'eczéma depuis l'enfance.", 0, 0, "l'eczéma", IND},
    {"une clinique vétérinaire", "fr", "Clinique vétérinaire, opéré mon chat, il ronronne.", 0, 0,
     NULL, -1},
    {"un avis ordinaire", "fr", "Livraison rapide, produit conforme.", 0, 0, NULL, 0},
};

static void print_hits(const struct screen_result *result, struct str text)
{
    for (uint32_t i = 0; i < result->count; i++) {
        const struct screen_hit *hit = &result->hits[i];
        struct str quote = str_slice(text, hit->start, hit->end);
        print_message("      \"%.*s\" %s by %.*s\n", STR_ARGS(quote),
                      screen_polarity_name(hit->polarity), STR_ARGS(hit->cue));
    }
}

static void judges_the_cases(void **state)
{
    (void)state;
    struct arena arena = {0};
    int wrong = 0;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct screen_case *c = &cases[i];
        struct str text = str_of(c->text);
        arena_reset(&arena);
        struct screen_result result = judge(shipped, text, c->language, 0.99f, &arena);
        check_sound(&result, text);
        bool right =
            result.kinds == c->kinds && result.seriousness == c->seriousness && !result.reason;
        if (c->quote) right &= has_hit(&result, text, c->quote, c->polarity);
        right &= (result.count > 0) == (c->quote || c->polarity);
        if (right) continue;
        wrong++;
        print_message("  - %s: %s: kinds %x, seriousness %x\n", c->why, c->text, result.kinds,
                      result.seriousness);
        print_hits(&result, text);
    }
    assert_int_equal(wrong, 0);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_the_cases),
    };
    return cmocka_run_group_tests(tests, open_shipped, close_shipped);
}
