"""Danger that only the model read: the record becomes positive, on insights and on the topic that people read; what the
screen had found stays, whatever the model says."""
import datetime

from mock import Mock
from llm_rig import Run, equal


def main():
    with Mock() as mock, Run("--genai.providers=openai", f"--openai.endpoint=http://127.0.0.1:{mock.port}/v1", "--openai.model=mock") as run:
        mock.signals = {"quietdanger": "hazard"}
        run.post([
            {"id": "raised", "text": "The label on this one is green quietdanger", "language": "en"},
            {"id": "plain", "text": "The colour is nice and it came early today", "language": "en"},
            {"id": "found", "text": "I got a rash and went to hospital after using the cream", "language": "en"},
        ])
        insights = run.await_topic("insights", 3)
        documents = run.topic("documents")
        equal("the screen had found nothing", documents["raised"]["safety"]["state"], "negative")
        raised = insights["raised"]
        equal("it is positive now", (raised["safety"]["state"], raised["safety"]["kinds"]), ("positive", ["hazard"]))
        equal("and says who raised it", raised["safety"]["raised_by"], "openai mock-1")
        hours = [datetime.datetime.fromisoformat(raised["safety"][name].replace("Z", "+00:00")).timestamp() / 3600 for name in ("received_at", "due_at")]
        equal("its clock runs from its receipt", (raised["safety"]["clock"], round(hours[1] - hours[0], 6)), ("eu hazard any", 24))
        equal("with the words", [(signal["kind"], raised["document"]["text"][signal["start"]:signal["end"]])
                                 for signal in raised["insight"]["signals"]], [("hazard", "The label on this")])
        equal("no signal: as it was", insights["plain"]["safety"], documents["plain"]["safety"])
        equal("what was found stays, field for field", insights["found"]["safety"], documents["found"]["safety"])
        people = run.topic("safety")
        equal("people see both", sorted(people), ["found", "raised"])
        equal("the raised one as it is on insights", people["raised"]["safety"], raised["safety"])
        equal("counted", run.metric("verbatim_safety_raised_total"), 1)
        run.stop()
    print("raised: 1, found by the screen: 1, people see both")


main()
