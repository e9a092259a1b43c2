"""What the machine's environment tells the local servers and their children."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class GivenServers(BaseSettings):
    """Servers that already run somewhere; whatever is empty is started on this machine."""

    model_config = SettingsConfigDict(env_prefix="COUNTERSIGN_TEST_", frozen=True)

    #: redis://[:password@]host:port[/db]
    redis_url: str = ""
    #: postgresql+psycopg2://user:password@host:port/database, of a user who may create databases.
    database_url: str = ""
    #: http(s)://host:port of a server that speaks S3.
    s3_endpoint: str = ""
    s3_access_key: str = "countersign"
    s3_secret_key: SecretStr = SecretStr("countersign-secret")
    s3_region: str = "us-east-1"
    #: The program to start where no address is given: a redis-server or a valkey-server.
    redis_program: Path | None = None
    #: The folder of `initdb` and `postgres` to start where no address is given.
    postgres_programs: Path | None = None


class Machine(BaseSettings):
    """Where this process runs."""

    model_config = SettingsConfigDict(frozen=True)

    #: Set by every continuous integration service, to its name or to `true`.
    ci: str = Field(default="", validation_alias="CI")

    @property
    def is_ci(self) -> bool:
        """Whether a missing server is a failure rather than a reason to skip."""
        return self.ci.lower() not in ("", "0", "false", "no")
