/* Callers may ask, cancel and close whenever they like; what they may ask, and where. */
#include "client_rig.h"

static void a_cancelled_call_is_silent(void **state)
{
    (void)state;
    struct route routes[] = {{"POST", ANSWER, THEN_KEEP, 0}, {0}};
    struct rig rig;
    struct llm_call *first, *second;
    set_up(&rig, routes);
    open_client(&rig);
    ask(&rig, &first);
    ask(&rig, &second);
    llm_cancel(first); /* before anything was sent */
    run_until(&rig, 1);
    assert_int_equal(rig.results, 1);
    ask(&rig, &first);
    while (rig.server.request_count < 2) uv_run(&rig.loop, UV_RUN_ONCE);
    if (rig.results == 1) llm_cancel(first); /* on its way back */
    ask(&rig, &first);
    ask(&rig, &rig.other); /* cancelled by the callback of the other */
    int before = rig.results;
    run_until(&rig, before + 1);
    if (rig.other == NULL) assert_int_equal(rig.results, before + 1);
    tear_down(&rig);
}

static void a_callback_may_ask_and_close(void **state)
{
    (void)state;
    struct route routes[] = {{"POST", ANSWER, THEN_KEEP, 0}, {0}};
    struct rig rig;
    set_up(&rig, routes);
    open_client(&rig);
    rig.ask_again = true;
    ask(&rig, NULL);
    run_until(&rig, 2);
    rig.close_in_callback = true;
    ask(&rig, NULL);
    ask(&rig, NULL); /* never answered: the client is closed by the other's callback */
    run_until(&rig, 3);
    assert_null(rig.client);
    tear_down(&rig);
    assert_int_equal(rig.results, 3);
}

static void closing_ends_calls(void **state)
{
    (void)state;
    struct route routes[] = {{"POST", NULL, THEN_KEEP, 0}, {0}};
    struct rig rig;
    set_up(&rig, routes);
    open_client(&rig);
    for (int i = 0; i < 5; i++) ask(&rig, NULL);
    while (rig.server.request_count < 3) uv_run(&rig.loop, UV_RUN_ONCE);
    llm_client_close(rig.client);
    rig.client = NULL;
    tear_down(&rig);
    assert_int_equal(rig.results, 0);
}

static const struct { const char *why; struct llm_question question; } bad_questions[] = {
    {"no prompt", {.name = {"n", 1}, .schema = {"{}", 2}, .max_tokens = 1}},
    {"no schema", {.name = {"n", 1}, .prompt = {"p", 1}, .max_tokens = 1}},
    {"no limit", {.name = {"n", 1}, .schema = {"{}", 2}, .prompt = {"p", 1}}},
    {"no name", {.schema = {"{}", 2}, .prompt = {"p", 1}, .max_tokens = 1}},
    {"a name with a space",
     {.name = {"a b", 3}, .schema = {"{}", 2}, .prompt = {"p", 1}, .max_tokens = 1}},
    {"not UTF-8", {.name = {"n", 1}, .schema = {"{}", 2}, .prompt = {"\xff", 1}, .max_tokens = 1}},
};

/* What is known of a form is looked at once; what differs from call to call, each time. */
static void a_form_is_checked_once(void **state)
{
    (void)state;
    struct route routes[] = {{"POST", ANSWER, THEN_KEEP, 0}, {0}};
    struct rig rig;
    struct err err;
    set_up(&rig, routes);
    open_client(&rig);
    struct llm_question asked = question, bad;
    asked.form = llm_new_form();
    assert_true(asked.form != 0 && asked.form != llm_new_form());
    bad = asked, bad.system = STR("\xff");
    assert_int_equal(llm_ask(rig.client, &bad, on_result, &rig, NULL, &err), E_USAGE);
    assert_int_equal(llm_ask(rig.client, &bad, on_result, &rig, NULL, &err), E_USAGE);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(llm_ask(rig.client, &asked, on_result, &rig, NULL, &err), E_OK);
        run_until(&rig, i + 1);
        assert_int_equal(rig.last.why, LLM_ANSWERED);
        bad = asked, bad.prompt = STR("\xff");
        assert_int_equal(llm_ask(rig.client, &bad, on_result, &rig, NULL, &err), E_USAGE);
        bad = asked, bad.max_tokens = 0;
        assert_int_equal(llm_ask(rig.client, &bad, on_result, &rig, NULL, &err), E_USAGE);
    }
    bad = asked, bad.form = llm_new_form(), bad.schema = STR("\xff");
    assert_int_equal(llm_ask(rig.client, &bad, on_result, &rig, NULL, &err), E_USAGE);
    tear_down(&rig);
}

/* More of them than are kept in parts, each asked twice: a request goes where its model says. */
static void each_model_has_its_own_url(void **state)
{
    enum { MODELS = 6 };
    (void)state;
    struct route routes[] = {
        {"POST", HEAD("96") BODY, THEN_KEEP, 0}, {0}};
    struct rig rig;
    struct err err;
    set_up(&rig, routes);
    rig.config.provider = LLM_BEDROCK, rig.config.invoke = true;
    open_client(&rig);
    for (int i = 0; i < 2 * MODELS; i++) {
        char model[16], line[64];
        struct llm_question asked = question;
        snprintf(model, sizeof model, "m.%d-v1:0", i % MODELS);
        snprintf(line, sizeof line, "POST /model/m.%d-v1%%3A0/invoke HTTP/1.1\r\n", i % MODELS);
        asked.model = str_of(model);
        assert_int_equal(llm_ask(rig.client, &asked, on_result, &rig, NULL, &err), E_OK);
        run_until(&rig, i + 1);
        assert_int_equal(rig.last.why, LLM_ANSWERED);
        assert_true(str_starts(buffer_str(&rig.server.requests[i]), str_of(line)));
    }
    assert_int_equal(rig.server.connections, 1);
    tear_down(&rig);
}

static void bad_questions_are_refused(void **state)
{
    (void)state;
    struct route routes[] = {{0}};
    struct rig rig;
    struct err err;
    set_up(&rig, routes);
    open_client(&rig);
    for (size_t i = 0; i < COUNT_OF(bad_questions); i++) {
        CASE(bad_questions[i].why);
        assert_int_equal(
            llm_ask(rig.client, &bad_questions[i].question, on_result, &rig, NULL, &err), E_USAGE);
    }
    tear_down(&rig);
    assert_int_equal(rig.results, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cancelled_call_is_silent),
        cmocka_unit_test(a_callback_may_ask_and_close), cmocka_unit_test(closing_ends_calls),
        cmocka_unit_test(bad_questions_are_refused), cmocka_unit_test(a_form_is_checked_once),
        cmocka_unit_test(each_model_has_its_own_url),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
