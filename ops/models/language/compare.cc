// Our language detection and CLD2 on the same texts, one after the other in one process: the tweets
// of the test split whole and in pieces of at most 40 characters, other sources whole, and 412
// bytes. Built and run by ops/models/language/compare; CLD2 is no dependency of the project.
#include <cstdio>
#include <ctime>

#include <cld2/public/compact_lang_det.h>
#include <cld2/public/encodings.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

extern "C" { // as base/str.h, base/hash.h and text/language.h have them, which are C11
struct str {
    const char *data;
    size_t size;
};
struct language_guess {
    char code[8];
    float confidence;
};
uint64_t hash_fast(str data, uint64_t seed);
void language_detect(str text, language_guess *ret_guess);
}

using std::string;
using std::vector;

struct Row {
    string code, text;
};

static string ours(const string &text, float *confidence)
{
    language_guess guess;
    language_detect({text.data(), text.size()}, &guess);
    *confidence = guess.confidence;
    return guess.code;
}

static string theirs(const string &text)
{
    CLD2::CLDHints hints = {nullptr, nullptr, CLD2::UNKNOWN_ENCODING, CLD2::UNKNOWN_LANGUAGE};
    CLD2::Language best[3];
    int percent[3], bytes;
    double score[3];
    bool reliable;
    return CLD2::LanguageCode(CLD2::ExtDetectLanguageSummary(text.data(), int(text.size()), true,
                                                             &hints, 0, best, percent, score,
                                                             nullptr, &bytes, &reliable));
}

static double cpu_seconds()
{
    timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return double(now.tv_sec) + double(now.tv_nsec) * 1e-9;
}

template <typename Detect>
static double best_nanoseconds(const vector<Row> &rows, int rounds, Detect detect)
{
    double best = 1e9;
    for (int i = 0; i < rounds; i++) {
        double start = cpu_seconds();
        for (const Row &row : rows) detect(row.text);
        best = std::min(best, cpu_seconds() - start);
    }
    return best / double(rows.size()) * 1e9;
}

// Expected calibration error of our confidence, ten bins.
static double calibration_error(const vector<std::pair<float, bool>> &said)
{
    double error = 0;
    for (int bin = 0; bin < 10; bin++) {
        double sum = 0;
        for (auto &[confidence, right] : said)
            if (std::min(9, int(confidence * 10)) == bin) sum += double(confidence) - right;
        error += std::fabs(sum);
    }
    return error / double(said.size());
}

static void compare(const char *what, const vector<Row> &rows)
{
    size_t right = 0, their_right = 0, bytes = 0;
    vector<std::pair<float, bool>> said;
    for (const Row &row : rows) {
        float confidence;
        bool is_right = ours(row.text, &confidence) == row.code;
        said.push_back({confidence, is_right});
        right += is_right;
        their_right += theirs(row.text) == row.code;
        bytes += row.text.size();
    }
    float unused;
    double time = best_nanoseconds(rows, 15, [&](const string &text) { ours(text, &unused); });
    double their_time = best_nanoseconds(rows, 3, [](const string &text) { theirs(text); });
    double count = double(rows.size());
    printf("%-28s %6zu %6.0f  %6.2f %6.2f   %7.0f %7.0f %6.1f   %.3f\n", what, rows.size(),
           double(bytes) / count, 100 * double(right) / count, 100 * double(their_right) / count,
           time, their_time, their_time / time, calibration_error(said));
}

static vector<Row> read_table(const string &path, const string &code, bool only_test)
{
    std::ifstream file(path);
    string line;
    vector<Row> rows;
    vector<string> header;
    while (std::getline(file, line)) {
        vector<string> cells;
        for (size_t at = 0, end; at <= line.size(); at = end + 1) {
            end = std::min(line.find('\t', at), line.size());
            cells.push_back(line.substr(at, end - at));
        }
        if (header.empty()) {
            header = cells;
            continue;
        }
        auto cell = [&](const char *name) {
            size_t i = size_t(std::find(header.begin(), header.end(), name) - header.begin());
            return i < cells.size() ? cells[i] : string();
        };
        string text = cell("text");
        if (only_test && hash_fast({text.data(), text.size()}, 77) % 5 >= 2) continue; // split_of()
        rows.push_back({code.empty() ? cell("lang") : code, text});
    }
    return rows;
}

// Whole words from the first, the middle one and so on, 40 bytes at most; eight letters at least.
static vector<Row> pieces(const vector<Row> &rows)
{
    vector<Row> result;
    for (const Row &row : rows) {
        for (size_t part = 0; part < 2; part++) {
            size_t at = row.text.size() * part / 2;
            while (at && at < row.text.size() && row.text[at - 1] != ' ') at++;
            string piece = row.text.substr(at, 40);
            if (at + 40 < row.text.size()) piece.resize(std::min(piece.rfind(' '), piece.size()));
            size_t web = std::min(piece.find("@user"), piece.find("http"));
            if (web == string::npos && piece.size() >= 10) result.push_back({row.code, piece});
        }
    }
    return result;
}

static vector<Row> of_412_bytes(const vector<Row> &rows)
{
    vector<Row> result;
    for (const Row &row : rows) {
        size_t size = 412;
        while (size < row.text.size() && (row.text[size] & 0xC0) == 0x80) size--;
        if (row.text.size() >= 412) result.push_back({row.code, row.text.substr(0, size)});
    }
    return result;
}

int main(int, char **arguments)
{
    string data = arguments[1];
    vector<Row> tweets = read_table(data + "/langid/tweets.tsv", "", true);
    printf("%-28s %6s %6s  %6s %6s   %7s %7s %6s   %s\n", "texts", "rows", "bytes", "ours %",
           "CLD2 %", "ours ns", "CLD2 ns", "ratio", "calibration error");
    compare("tweets, test split", tweets);
    compare("… pieces up to 40 bytes", pieces(tweets));
    const struct {
        const char *path, *code;
    } others[] = {{"needs/minibar_en.tsv", "en"},
                  {"safety/psytar.tsv", "en"},
                  {"topics/banking77.tsv", "en"},
                  {"needs/minibar_fr.tsv", "fr"},
                  {"sentiment/allocine_fr.tsv", "fr"}};
    for (auto &other : others)
        compare(other.path, read_table(data + "/" + other.path, other.code, false));
    compare("412 bytes of allocine_fr",
            of_412_bytes(read_table(data + "/sentiment/allocine_fr.tsv", "fr", false)));
}
