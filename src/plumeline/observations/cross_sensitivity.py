"""What a sensor reads when it stands in a gas that it was not made for: the declared response of each channel.

A *channel* is what a sensor calls its reading: an electrochemical cell for carbon monoxide also answers to hydrogen, a
photo-ionisation detector (PID) to whatever its lamp ionises. A declaration says how much: the mole fraction that
the channel shows per mole fraction of a gas, and how well that is known. A channel that is named for a gas answers to
that gas with 1 unless declared otherwise; a PID answers to nothing but what is declared for it, by default with the
inverse of its correction factor. Molar masses turn ratios of mole fractions into ratios of mass concentrations.

References: RAE Systems Technical Note TN-106 (correction factors); Cross et al. 2017, doi:10.5194/amt-10-3575-2017
(cross-sensitivities of electrochemical cells).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from plumeline.errors import ConfigurationError
from plumeline.observations.concentration import PID_RESPONSE, gas
from plumeline.observations.survey import Sensitivity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from plumeline.observations.settings import ResponseSettings
    from plumeline.observations.survey import Survey


def with_responses(survey: Survey, declared: Sequence[ResponseSettings], *, where: str = "") -> Survey:
    """Declare how a survey's channels answer to gases.

    Args:
        survey: what was measured.
        declared: one entry for each channel and gas.
        where: the file that declares it, for errors.

    Returns:
        The same survey with `sensitivities`, in place of those it had.

    Raises:
        ConfigurationError: a channel, sensor or gas is not known, a pair is declared twice, a PID's correction factor is
            not known, or a gas is one that no channel answers to.
    """
    if not declared:
        return replace(survey, sensitivities=())
    masses = _molar_masses(survey)
    out: dict[tuple[str, str, str], Sensitivity] = {}
    for number, entry in enumerate(declared, start=1):
        place = f"{where or survey.name}, [[response]] {number}"
        one = _sensitivity(survey, entry, masses, place)
        key = (one.channel, one.sensor, one.species)
        if key in out:
            raise ConfigurationError(
                f"the response of {one.channel} to {one.species} is declared twice",
                where=place,
                remedy="keep one of them",
            )
        out[key] = one
    made = tuple(out.values())
    for name in dict.fromkeys(one.species for one in made):
        if name not in masses and not any(one.ratio > 0.0 for one in made if one.species == name):
            raise ConfigurationError(
                f"no sensor of this survey answers to {name}, so nothing can be said of it",
                where=where or survey.name,
                remedy="give a sensitivity above 0, or leave the gas out",
            )
    return replace(survey, sensitivities=made)


def _sensitivity(
    survey: Survey, entry: ResponseSettings, masses: dict[str, float], place: str
) -> Sensitivity:
    channel = entry.channel if entry.channel in masses else _named(entry.channel, place)
    if channel not in masses:
        raise ConfigurationError(
            f"the survey has no channel {entry.channel!r}", where=place, remedy="it has: " + ", ".join(masses)
        )
    sensors = {str(name) for dataset in survey.datasets for name in dataset["sensor_name"].to_numpy()}
    if entry.sensor and entry.sensor not in sensors:
        raise ConfigurationError(
            f"the survey has no sensor {entry.sensor!r}",
            where=place,
            remedy="it has: " + ", ".join(sorted(sensors)),
        )
    try:
        what = gas(entry.species)
    except ConfigurationError as error:
        raise ConfigurationError(error.what, where=place, remedy=error.remedy) from None
    if what.name == PID_RESPONSE:
        raise ConfigurationError(
            "a PID's reading is no gas", where=place, remedy="name the gases that the PID may have met"
        )
    sensitivity = entry.sensitivity
    if sensitivity is None:
        if channel not in {PID_RESPONSE, what.name}:
            raise ConfigurationError(
                f"no sensitivity of {channel} to {what.name} is given",
                where=place,
                remedy="give the reading per mole fraction of the gas, as on the sensor's data sheet",
            )
        if channel == PID_RESPONSE and what.pid_factor is None:
            raise ConfigurationError(
                f"no PID correction factor (10.6 eV lamp) is known for {what.name}",
                where=place,
                remedy="give the sensitivity (1 / correction factor), 0 if the lamp is blind to it",
            )
        sensitivity = 1.0 / what.pid_factor if channel == PID_RESPONSE and what.pid_factor else 1.0
    return Sensitivity(
        channel=channel,
        sensor=entry.sensor,
        species=what.name,
        ratio=sensitivity * masses[channel] / what.molar_mass_kg_mol,
        sigma=entry.sigma,
    )


def _named(channel: str, place: str) -> str:
    """The name that the species table has for a channel that is a gas.

    Raises:
        ConfigurationError: there is no such gas.
    """
    try:
        return gas(channel).name
    except ConfigurationError as error:
        raise ConfigurationError(error.what, where=place, remedy=error.remedy) from None


def _molar_masses(survey: Survey) -> dict[str, float]:
    """Molar mass of each channel's own gas [kg mol-1]."""
    return {
        str(name): float(mass)
        for dataset in survey.datasets
        for name, mass in zip(dataset["species"].to_numpy(), dataset["molar_mass"].to_numpy(), strict=True)
    }
