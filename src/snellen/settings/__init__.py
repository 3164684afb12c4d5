"""What the user has chosen, resolved once: one frozen value that the rest reads."""

from snellen.settings.errors import SettingsError as SettingsError
from snellen.settings.resolve import resolve as resolve
from snellen.settings.settings import Settings as Settings
