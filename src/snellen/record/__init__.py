"""The run file: everything that was seen, in one SQLite file."""

from snellen.record.run import Clock as Clock
from snellen.record.run import Entry as Entry
from snellen.record.run import Event as Event
from snellen.record.run import LossSeries as LossSeries
from snellen.record.run import Moment as Moment
from snellen.record.run import RunContents as RunContents
from snellen.record.run import Subject as Subject
from snellen.record.run import Thumbnail as Thumbnail
