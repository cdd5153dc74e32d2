/* A pull scanner for the small XML documents that S3 and STS answer with: elements and their text.
 *
 * Bounded and strict, as the bytes come from outside: depth, name and text sizes are limited, tags
 * must match, a DOCTYPE is refused (so there are no entities to expand), attributes are skipped,
 * namespace prefixes dropped. Everything else of XML 1.0 that a reply may hold (prolog, comments,
 * CDATA, character references) is read. Our own because a reply is elements and text only: expat or
 * libxml2 would be a dependency, and an attack surface, for a hundred lines. */
#ifndef VERBATIM_AWS_XML_H
#define VERBATIM_AWS_XML_H

#include "base/buffer.h"

enum { XML_DEPTH_MAX = 16, XML_NAME_BYTES_MAX = 128, XML_TEXT_BYTES_MAX = 64 * 1024 };

enum xml_event {
    XML_OPEN,  /* <name> */
    XML_CLOSE, /* </name>; `text` is what stood directly before, since the last tag */
    XML_END,   /* the document is complete */
};

struct xml {
    struct str rest;
    struct str open[XML_DEPTH_MAX];
    size_t depth;       /* open elements, after the event; the root's XML_OPEN leaves 1 */
    struct str name;    /* of the element that the event is about; a view of the document */
    struct buffer text; /* valid at XML_CLOSE, until the next call */
    bool self_closed, had_root;
};

void xml_init(struct xml *xml, struct str document); /* which must outlive the scanner */
void xml_deinit(struct xml *xml);

/* UPSTREAM when the document is malformed or beyond a bound: the reply can't be trusted. */
int xml_next(struct xml *xml, enum xml_event *ret_event, struct err *err) CHECKED;

#endif
