"""SIGHUP takes all that genai's files say, or nothing of it: a key that is good beside prices that aren't stays unused."""
import pathlib
import signal

from mock import Mock
from llm_rig import Run, equal, wait_for


class Reloads:
    def __init__(self, run, mock):
        self.run, self.mock, self.posts = run, mock, 0

    def hang_up(self, what, result):
        before = self.run.metric("verbatim_config_reloads_total", result=result)
        self.run.process.send_signal(signal.SIGHUP)
        wait_for(what, lambda: self.run.metric("verbatim_config_reloads_total", result=result) > before)

    def asked_with(self, what, key):
        self.posts += 1
        self.run.post([{"id": f"r-{self.posts}", "text": f"The lid of the jar number {self.posts} came off at once"}])
        self.run.await_topic("insights", self.posts)
        equal(what, self.mock.key, f"Bearer {key}")


def main():
    with Mock() as mock, Run() as run:
        run.stop()
        key, prices = pathlib.Path(run.dir, "key"), pathlib.Path(run.dir, "prices.txt")
        key.write_text("one\n")
        prices.write_text("openai/mock 1 1 1\n")
        run.options = ("--genai.providers=openai", f"--openai.endpoint=http://127.0.0.1:{mock.port}/v1", "--openai.model=mock",
                       f"--openai.api_key_file={key}", f"--genai.prices={prices}", "--genai.budget=5")
        run.start()
        reloads = Reloads(run, mock)
        reloads.asked_with("the key of the start", "one")
        key.write_text("two\n")
        prices.write_text("nonsense\n")
        reloads.hang_up("prices that are none are refused", "refused")
        reloads.asked_with("and the key beside them isn't taken", "one")
        prices.write_text("openai/other 1 1 1\n")
        reloads.hang_up("so are prices without the model's, where there is a budget", "refused")
        reloads.asked_with("the old ones are in force", "one")
        prices.write_text("openai/mock 2 2 2\n")
        reloads.hang_up("all is good", "done")
        reloads.asked_with("and all is taken", "two")
        run.stop()
    print("reloads: 2 refused, 1 taken")


main()
