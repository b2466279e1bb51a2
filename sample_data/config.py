"""Settings of the simulation; the defaults and seed 0 give the files that are kept here."""

from __future__ import annotations

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from core.config import Settings


class LatentConfig(Settings):
    """Item factors: weight of each attribute in the latent vector of a film."""

    size: PositiveInt = 192
    """Length of the latent vectors: long, so that films are alike by attributes, not by chance."""
    niche: NonNegativeFloat = 1.8
    """Weight of the niche: the strongest part."""
    genre: NonNegativeFloat = 1.0
    """Weight of the genres, through which niches are related."""
    keyword: NonNegativeFloat = 0.6
    """Weight of the keywords."""
    director: NonNegativeFloat = 0.35
    """Weight of the directors."""
    decade: NonNegativeFloat = 0.35
    """Weight of the decade."""
    own: NonNegativeFloat = 0.2
    """Weight of what no attribute tells about a film."""
    audience_own: NonNegativeFloat = 0.15
    """Deviation of a film's audience from what genres, decade and director suggest."""
    popularity_exponent: PositiveFloat = 0.8
    """Exponent of the power law of film popularity by rank."""
    niche_exponent: PositiveFloat = 0.6
    """Exponent of the power law of how many users have a niche as a taste."""


class UserConfig(Settings):
    """Users: activity, tastes, audience, and the utility of a film for a user."""

    n_users: PositiveInt = 600
    """Number of users."""
    min_activity: int = Field(24, ge=21)
    """Fewest genuine interactions; 21 leaves room for 2 of a taste that stays under 10 %."""
    max_activity: PositiveInt = 90
    """Most genuine interactions."""
    median_excess: PositiveFloat = 7.0
    """Median of the activity above the minimum, which is log-normal."""
    excess_spread: PositiveFloat = 0.8
    """Standard deviation of the logarithm of the activity above the minimum."""
    activity_per_taste: PositiveFloat = 10.0
    """One core taste for about so many interactions, 1 to 3."""
    relatedness: NonNegativeFloat = 4.0
    """How strongly core tastes of a user attract related niches."""
    anchors: PositiveInt = 3
    """Films whose mean, with the centre of the niche, is a user's own version of a taste."""
    broad_share: tuple[float, float] = (0.03, 0.06)
    """Range of the share of genuine interactions out of curiosity, near the core tastes."""
    taste_gain: PositiveFloat = 4.5
    """Utility of full agreement with a taste."""
    audience_gain: PositiveFloat = 3.0
    """Utility per unit of agreement with the audience a film is made for."""
    appeal_gain: NonNegativeFloat = 0.5
    """Utility of one standard deviation of log popularity."""
    whim: NonNegativeFloat = 0.3
    """Standard deviation of what is particular to one user and one film."""
    liked_factor: PositiveFloat = 1.2
    """Films a user likes, as a multiple of the activity; the minority taste comes on top."""
    open_factor: PositiveFloat = 2.2
    """Films a user is at least curious about, as a multiple of the activity."""


class ExposureConfig(Settings):
    """Lists shown to users, and the clicks in them."""

    list_length: PositiveInt = 20
    """Films in a list; positions are 1 to this."""
    taste_weight: NonNegativeFloat = 10.0
    """Weight of the taste of the day in the order of a list."""
    curious_taste_weight: NonNegativeFloat = 8.0
    """The same in a list that is browsed out of curiosity."""
    popularity_weight: NonNegativeFloat = 1.5
    """Weight of one standard deviation of log popularity; the rest is chance (Gumbel)."""
    fatigue: NonNegativeFloat = 0.3
    """What each earlier showing to the same user takes from the place of a film."""
    position_bias: PositiveFloat = 0.8
    """Exponent: position p is looked at with probability p ** -position_bias."""
    softness: PositiveFloat = 0.3
    """Width of the step from not clicking to clicking, in utility."""
    clicks_per_list: PositiveInt = 4
    """Most clicks in one list."""
    max_lists: PositiveInt = 3000
    """Lists after which a user gives up."""
    start: int = 1_704_067_200
    """Earliest time of a first list: 2024-01-01, unix seconds."""
    spread_days: PositiveInt = 365
    """Users start within so many days."""
    gap_days: PositiveFloat = 3.0
    """Mean time between two lists of a user."""


class PlantConfig(Settings):
    """Planted noise."""

    rate: float = Field(0.2, ge=0.0, le=0.5)
    """Noise as a share of the noised train set; a quarter of each kind."""
    position_bias: PositiveFloat = 1.2
    """Exponent of the attention that draws a careless click to the top of a popular list."""
    popular_lists: PositiveInt = 3
    """Lists of popular films shown to each user, from which careless clicks come."""
    foreign_share: float = Field(0.5, gt=0.0, le=1.0)
    """Co-click noise is in this lowest share of the user's utilities."""
    foreign_affinity: float = Field(0.2, ge=-1.0, le=1.0)
    """Co-click noise agrees less than this with every taste of the user."""
    wrong_audience: float = Field(-0.3, lt=0.0)
    """Lookalike noise has at most this agreement of audience."""
    min_nearness: PositiveFloat = 1.2
    """Least nearness of a lookalike to a film of the user, in shared attributes."""


class SampleConfig(Settings):
    """Everything that decides the content of the files."""

    seed: int = Field(0, ge=0)
    """Seed of every random draw."""
    latent: LatentConfig = LatentConfig()
    """Item factors."""
    users: UserConfig = UserConfig()
    """Users and utility."""
    exposure: ExposureConfig = ExposureConfig()
    """Shown lists and clicks."""
    plant: PlantConfig = PlantConfig()
    """Planted noise."""
