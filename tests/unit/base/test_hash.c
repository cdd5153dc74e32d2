/* Digests against published answers. */
#include "base/hash.h"

#include <stdlib.h>

#include "test.h"

/* FIPS 180-4 examples (NIST, "SHA_All"); the empty message is in NIST's CAVS vectors. */
static void sha256_gives_the_published_answers(void **state)
{
    static const struct { const char *why, *text, *expected; } cases[] = {
        {"empty", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"one block", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"padding needs a second block", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    uint8_t digest[SHA256_BYTES];
    char hex[SHA256_TEXT_BYTES];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        hash_sha256(str_of(cases[i].text), digest);
        hash_hex(digest, sizeof digest, hex);
        assert_string_equal(hex, cases[i].expected);
    }
    hash_sha256((struct str){0}, digest);
    hash_hex(digest, sizeof digest, hex);
    assert_string_equal(hex, cases[0].expected);
}

static void parts_hash_like_the_whole(void **state)
{
    char part[1000], hex[SHA256_TEXT_BYTES];
    uint8_t digest[SHA256_BYTES];
    struct hash_stream stream;
    (void)state;
    hash_stream_begin(&stream);
    memset(part, 'a', sizeof part);
    for (int i = 0; i < 1000; i++) hash_stream_add(&stream, str_make(part, sizeof part));
    hash_stream_add(&stream, (struct str){0});
    hash_stream_finish(&stream, digest);
    hash_hex(digest, sizeof digest, hex); /* FIPS 180-4: one million times "a" */
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");

    hash_stream_begin(&stream);
    hash_stream_finish(&stream, digest);
    hash_hex(digest, sizeof digest, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* Whatever lies before and behind them, and at the end of what can be read. */
static void words_hash_alike_wherever_they_lie(void **state)
{
    enum { MOST = 2 * HASH_WORD_BYTES };
    static const char word[MOST + 1] = "aZ9\xC3\xA9-\xFF\x01 and on until it's long";
    char room[8 + MOST + 8], *at = room + 8;
    uint64_t seen[MOST + 1];
    (void)state;
    for (size_t size = 0; size <= MOST; size++) {
        char *alone = malloc(size ? size : 1); /* AddressSanitizer sees what is read beyond */
        memcpy(alone, word, size);
        seen[size] = hash_word(str_make(alone, size));
        free(alone);
        for (int fill = 0; fill < 256; fill += 51) {
            memset(room, fill, sizeof room);
            memcpy(at, word, size);
            assert_int_equal(hash_word_at(at, size), seen[size]);
            assert_int_equal(hash_word_within(at, size), seen[size]);
        }
        for (size_t less = 0; less < size; less++) assert_int_not_equal(seen[less], seen[size]);
    }
    assert_int_equal(hash_word((struct str){0}), seen[0]);
}

/* Tables take a few bits of it, low or high, and near repeats all of them, one by one. */
static void every_bit_of_a_word_s_hash_is_fair(void **state)
{
    enum { WORDS = 40000 };
    uint32_t ones[64] = {0};
    uint64_t seed = 1;
    (void)state;
    for (uint32_t i = 0; i < WORDS; i++) {
        char word[24];
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        size_t size = 2 + i % 15, at = 0;
        for (uint64_t letters = seed >> 8; at < size; at++, letters /= 3)
            word[at] = (char)('a' + letters % 26);
        uint64_t hash = hash_word(str_make(word, size));
        for (int bit = 0; bit < 64; bit++) ones[bit] += (uint32_t)(hash >> bit & 1);
    }
    for (int bit = 0; bit < 64; bit++) /* ten times the deviation of a fair coin */
        assert_in_range(ones[bit], WORDS / 2 - 1000, WORDS / 2 + 1000);
}

/* Pinned: models and windows of near repeats are made with it. */
static void the_hash_of_words_never_changes(void **state)
{
    (void)state;
    assert_true(hash_word(STR("")) == hash_fast(STR(""), 0));
    assert_true(hash_word(STR("a")) == 0xd9e952c757c2870cu);
    assert_true(hash_word(STR("kettle")) == 0x5676d4f84e9b2ef8u);
    assert_true(hash_word(STR("12345678")) == 0xb7ad4b5ae790b3a6u);
    assert_true(hash_word(STR("misunderstanding")) == 0x1be051f0e28bb37bu);
    assert_true(hash_word(STR("misunderstandings")) == hash_fast(STR("misunderstandings"), 0));
}

/* RFC 4231. */
static void hmac_gives_the_published_answers(void **state)
{
    static const struct {
        const char *why;
        char key_byte;
        size_t key_size;
        const char *key, *text, *expected;
    } cases[] = {
        {"case 1: a short key", 0x0b, 20, NULL, "Hi There",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {"case 2: a key shorter than the digest", 0, 4, "Jefe", "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {"case 6: a key longer than a block", (char)0xaa, 131, NULL,
         "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {"an empty key and message", 0, 0, "", "",
         "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
    };
    char key[131], hex[SHA256_TEXT_BYTES];
    uint8_t digest[SHA256_BYTES];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        if (cases[i].key) memcpy(key, cases[i].key, cases[i].key_size);
        else memset(key, cases[i].key_byte, cases[i].key_size);
        hash_hmac_sha256(str_make(key, cases[i].key_size), str_of(cases[i].text), digest);
        hash_hex(digest, sizeof digest, hex);
        assert_string_equal(hex, cases[i].expected);
        struct hash_key *ready = hash_key_create(str_make(key, cases[i].key_size));
        assert_non_null(ready);
        for (int again = 0; again < 3; again++) { /* what was hashed before leaves no trace */
            hash_key_hmac(ready, again == 1 ? STR("other") : str_of(cases[i].text), digest);
            hash_hex(digest, sizeof digest, hex);
            assert_int_equal(strcmp(hex, cases[i].expected) == 0, again != 1);
        }
        hash_key_destroy(ready);
    }
    hash_key_destroy(NULL);
    hash_hmac_sha256((struct str){0}, (struct str){0}, digest);
    hash_hex(digest, sizeof digest, hex);
    assert_string_equal(hex, cases[3].expected);
}

/* Pinned: checksums of models and ids of records are stored, so the function may never change.
 * As given by libxxhash 0.8.1; stable since 0.8.0. */
static void the_fast_hash_never_changes(void **state)
{
    (void)state;
    assert_true(hash_fast(STR(""), 0) == 0x2d06800538d394c2u);
    assert_true(hash_fast((struct str){0}, 0) == 0x2d06800538d394c2u);
    assert_true(hash_fast(STR("abc"), 0) == 0x78af5f94892f3950u);
    assert_true(hash_fast(STR("abc"), 1) != hash_fast(STR("abc"), 0));
}

static void hex_is_lower_case_and_terminated(void **state)
{
    static const uint8_t bytes[] = {0x00, 0x0f, 0xa5, 0xff};
    char hex[9];
    (void)state;
    hash_hex(bytes, sizeof bytes, hex);
    assert_string_equal(hex, "000fa5ff");
    hash_hex(bytes, 0, hex);
    assert_string_equal(hex, "");
}

static void comparison_sees_every_byte(void **state)
{
    (void)state;
    assert_true(hash_equal_constant_time(STR("secret"), STR("secret")));
    assert_false(hash_equal_constant_time(STR("secret"), STR("secreT")));
    assert_false(hash_equal_constant_time(STR("secret"), STR("Secret")));
    assert_false(hash_equal_constant_time(STR("secret"), STR("secret2")));
    assert_false(hash_equal_constant_time(STR("a"), (struct str){0}));
    assert_true(hash_equal_constant_time((struct str){0}, STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_gives_the_published_answers),
        cmocka_unit_test(words_hash_alike_wherever_they_lie),
        cmocka_unit_test(every_bit_of_a_word_s_hash_is_fair),
        cmocka_unit_test(the_hash_of_words_never_changes),
        cmocka_unit_test(parts_hash_like_the_whole),
        cmocka_unit_test(hmac_gives_the_published_answers),
        cmocka_unit_test(the_fast_hash_never_changes),
        cmocka_unit_test(hex_is_lower_case_and_terminated),
        cmocka_unit_test(comparison_sees_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
