/* Words as cue lists see them: how a written word is cut, and how it is looked up. */
#include "text/screen/cues.h"

enum cue_word_kind cue_word_kind(struct str word)
{
    enum cue_word_kind kind = word.size ? CUE_SINGLE : CUE_NO_WORD;
    for (size_t i = 0; i < word.size; i++)
        switch (word.data[i]) {
        case '(': case ')': case '|': case '?': case '*': case '@': case '&': case '!': case '[':
        case ']': case '"': return CUE_NO_WORD;
        case '-': case '\'': kind = CUE_PARTS; break;
        case '\xe2':
            if (str_starts(str_slice(word, i, word.size), STR("’"))) kind = CUE_PARTS;
            break;
        default:
            if ((unsigned char)word.data[i] < ' ') return CUE_NO_WORD;
        }
    return kind;
}

size_t cue_find_apostrophe(struct str word, size_t *ret_bytes)
{
    for (size_t i = 0; i < word.size; i++) {
        if (word.data[i] == '\'') {
            *ret_bytes = 1;
            return i;
        }
        if (word.data[i] == '\xe2' && word.size - i >= 3 &&
            memcmp(word.data + i, "\xe2\x80\x99", 3) == 0) {
            *ret_bytes = 3;
            return i;
        }
    }
    *ret_bytes = 0;
    return word.size;
}

struct str cue_word_cut_at(struct str *rest, size_t at, size_t mark_bytes, char *room)
{
    struct str head = str_slice(*rest, 0, at);
    struct str tail = str_slice(*rest, at + mark_bytes, rest->size);
    char only = tail.size == 1 ? tail.data[0] : '\0';
    *rest = (struct str){0};
    if (tail.size == 0 || only == 's') return head; /* "son's" is about the son */
    if (head.size && only == 't' && at + 1 <= CUES_MAX_WORD_BYTES) {
        memcpy(room, head.data, at); /* "didn't", which many write "didnt" */
        room[at] = 't';
        return (struct str){room, at + 1};
    }
    *rest = tail; /* "l'hopital", "i've" */
    return head;
}

struct str cue_word_cut(struct str *rest, char *room)
{
    size_t mark_bytes, at = cue_find_apostrophe(*rest, &mark_bytes);
    return cue_word_cut_at(rest, at, mark_bytes, room);
}

uint64_t cue_word_head(struct str word)
{
    uint64_t head = 0;
    memcpy(&head, word.data, word.size < sizeof head ? word.size : sizeof head);
    return head;
}

uint32_t cue_list_find_prefix(const struct cue_list *list, struct str word)
{
    uint32_t bucket = cue_prefix_bucket(word);
    uint64_t head = cue_word_head(word);
    for (uint32_t i = list->prefix_first[bucket]; i < list->prefix_first[bucket + 1]; i++) {
        const struct cue_prefix *prefix = &list->prefixes[i];
        if ((head ^ prefix->head) & prefix->mask) continue;
        if (prefix->mask != UINT64_MAX || str_starts(word, list->entries[prefix->entry].word))
            return prefix->entry;
    }
    return CUE_NO_ENTRY;
}

bool cue_entry_lists(const struct cue_list *list, const struct cue_entry *entry, uint16_t symbol)
{
    const uint16_t *symbols = list->symbols + entry->first_symbol;
    uint32_t count = entry->symbols;
    for (uint32_t half; count > 1; count -= half) { /* they are sorted; no branch but the loop's */
        half = count / 2;
        symbols += symbols[half] <= symbol ? half : 0;
    }
    return count && *symbols == symbol;
}
