"""The run file: everything that was seen, in one SQLite file."""

from snellen.record.errors import RunFileDamagedError as RunFileDamagedError
from snellen.record.errors import RunFileEmptyError as RunFileEmptyError
from snellen.record.errors import RunFileError as RunFileError
from snellen.record.errors import RunFileExistsError as RunFileExistsError
from snellen.record.errors import RunFileForeignError as RunFileForeignError
from snellen.record.errors import RunFileFullError as RunFileFullError
from snellen.record.errors import RunFileMissingError as RunFileMissingError
from snellen.record.errors import RunFileNewerError as RunFileNewerError
from snellen.record.errors import RunFileReadError as RunFileReadError
from snellen.record.errors import RunFileWriteError as RunFileWriteError
from snellen.record.judged import store_verdicts as store_verdicts
from snellen.record.place import require_free as require_free
from snellen.record.reader import read as read
from snellen.record.reader import thumbnails as thumbnails
from snellen.record.reader import verdicts as verdicts
from snellen.record.run import HELD_OUT as HELD_OUT
from snellen.record.run import Clock as Clock
from snellen.record.run import Entry as Entry
from snellen.record.run import Event as Event
from snellen.record.run import LossSeries as LossSeries
from snellen.record.run import Moment as Moment
from snellen.record.run import RunContents as RunContents
from snellen.record.run import Subject as Subject
from snellen.record.run import Thumbnail as Thumbnail
from snellen.record.writer import RunWriter as RunWriter
