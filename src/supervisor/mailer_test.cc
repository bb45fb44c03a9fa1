// Letters in keepalived's words.

#include "supervisor/mailer.h"

#include <gtest/gtest.h>

namespace baton::supervisor {
namespace {

ipc::Announcement announcement(const std::string& state, bool of_group = false) {
  ipc::Announcement one;
  one.name = of_group ? "G" : "VI_1";
  one.of_group = of_group;
  one.state = state;
  return one;
}

config::Mail mail() {
  config::Mail settings;
  settings.to = {"a@x.org", "b@y.org"};
  settings.from = "k@z.org";
  settings.host = "127.0.0.1";
  return settings;
}

std::string text_of(const ipc::Announcement& one) {
  return make_letter(one, mail(), "LVS1", "Mon, 23 Nov 2026 04:17:33 +0000").text;
}

// Taken from keepalived 2.2.7 by a mail server.
TEST(Letter, IsWhatKeepalivedSendsForAMaster) {
  EXPECT_EQ(text_of(announcement("MASTER")),
            "Date: Mon, 23 Nov 2026 04:17:33 +0000\r\nFrom: k@z.org\r\n"
            "Subject: [LVS1] VRRP Instance VI_1 - Entering MASTER state\r\n"
            "X-Mailer: Keepalived\r\nTo: a@x.org, b@y.org\r\n\r\n"
            "=> VRRP Instance is now owning VRRP VIPs <=\r\n");
}

TEST(Letter, ABackupAndAFaultNoLongerOwn) {
  for (const char* state : {"BACKUP", "FAULT"}) {
    EXPECT_NE(
        text_of(announcement(state)).find("=> VRRP Instance is no longer owning VRRP VIPs <="),
        std::string::npos);
  }
}

TEST(Letter, GroupsAndDeletedInstancesHaveTheirOwnWords) {
  const std::string group = text_of(announcement("FAULT", true));
  EXPECT_NE(group.find("[LVS1] VRRP Group G - Entering FAULT state\r\n"), std::string::npos);
  EXPECT_NE(group.find("=> All VRRP group instances are now in FAULT state <="), std::string::npos);
  const std::string deleted = text_of(announcement("DELETED"));
  EXPECT_NE(deleted.find("[LVS1] VRRP Instance VI_1 - Deleted\r\n"), std::string::npos);
  EXPECT_NE(deleted.find("=> VRRP Deleted at reload <="), std::string::npos);
}

TEST(Letter, WithoutASenderItComesFromKeepalivedAtThisHost) {
  config::Mail settings = mail();
  settings.from.clear();
  EXPECT_TRUE(
      make_letter(announcement("MASTER"), settings, "R", "d").mail.from.starts_with("keepalived@"));
}

TEST(Letter, DatesAreThoseOfMail) {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  EXPECT_EQ(mail_date(WallTime(std::chrono::seconds(1795407453))),
            "Mon, 23 Nov 2026 04:17:33 +0000");
}

}  // namespace
}  // namespace baton::supervisor
