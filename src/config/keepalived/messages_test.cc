// FIFOs, mail and frame scripts as global_defs names them.

#include "config/keepalived/load_fixture.h"

namespace baton::config::keepalived {
namespace {

class MessagesTest : public LoadTest {
 protected:
  std::shared_ptr<const Failover> load_globals(const std::string& lines,
                                               const std::string& instance_lines = "") {
    sources_ = SourceTree::from_disk();  // it remembers the file of the load before
    return load_text("global_defs {\n" + lines + "\n}\n" + instance_with(instance_lines));
  }
};

TEST_F(MessagesTest, BothFifosAreKeptWithTheirOwnersAndScripts) {
  const std::string script = write("reader.sh", "#!/bin/sh\n", 0755);
  const auto model = load_globals("notify_fifo /run/all.fifo nobody\nvrrp_notify_fifo_script \"" +
                                  script + " -v\"\nvrrp_notify_fifo /run/vrrp.fifo");
  ASSERT_TRUE(model) << everything();
  ASSERT_EQ(model->messages.fifos.size(), 2u);
  EXPECT_EQ(model->messages.fifos[0].path, "/run/all.fifo");
  EXPECT_EQ(model->messages.fifos[0].owner.name, "nobody");
  EXPECT_FALSE(model->messages.fifos[0].script);
  EXPECT_EQ(model->messages.fifos[1].path, "/run/vrrp.fifo");
  ASSERT_TRUE(model->messages.fifos[1].script);
  EXPECT_EQ(model->messages.fifos[1].script->arguments, (std::vector<std::string>{script, "-v"}));
}

TEST_F(MessagesTest, TwoFifosOfOneNameAreOneTooMany) {
  const auto model = load_globals("notify_fifo /run/a\nvrrp_notify_fifo /run/a");
  ASSERT_TRUE(model);
  EXPECT_EQ(model->messages.fifos.size(), 1u);
  EXPECT_TRUE(tolerates("is another FIFO's, too"));
}

TEST_F(MessagesTest, AScriptWithoutItsFifoIsNotRun) {
  const std::string script = write("reader.sh", "#!/bin/sh\n", 0755);
  const auto model = load_globals("notify_fifo_script " + script);
  ASSERT_TRUE(model);
  EXPECT_TRUE(model->messages.fifos.empty());
  EXPECT_TRUE(tolerates("notify_fifo_script without notify_fifo"));
}

TEST_F(MessagesTest, MailIsWhatTheFileSays) {
  const auto model = load_globals(
      "notification_email {\n a@example.org b@example.org\n c@example.org\n}\n"
      "notification_email_from k@example.org\nsmtp_server mail.example.org 2525\n"
      "smtp_helo_name lb1.example.org\nsmtp_connect_timeout 5\nno_email_faults\nsmtp_alert");
  ASSERT_TRUE(model) << everything();
  const Mail& mail = model->messages.mail;
  EXPECT_EQ(mail.to.size(), 3u);
  EXPECT_EQ(mail.from, "k@example.org");
  EXPECT_EQ(mail.host, "mail.example.org");
  EXPECT_EQ(mail.port, 2525);
  EXPECT_EQ(mail.greeting, "lb1.example.org");
  EXPECT_EQ(mail.connect_timeout, 5s);
  EXPECT_TRUE(mail.without_faults);
  EXPECT_TRUE(model->instances[0].smtp_alert);
}

TEST_F(MessagesTest, AnInstancesOwnWordBeatsTheWordForVrrpWhichBeatsTheGeneralOne) {
  const std::string mail = "smtp_server 127.0.0.1\nnotification_email {\n a@b\n}\n";
  EXPECT_FALSE(load_globals(mail + "smtp_alert on\nsmtp_alert_vrrp off")->instances[0].smtp_alert);
  EXPECT_TRUE(load_globals(mail + "smtp_alert off\nsmtp_alert_vrrp on")->instances[0].smtp_alert);
  EXPECT_TRUE(load_globals(mail + "smtp_alert_vrrp off", "smtp_alert on")->instances[0].smtp_alert);
  EXPECT_FALSE(load_globals(mail)->instances[0].smtp_alert);
}

TEST_F(MessagesTest, AlertsWithoutAServerAreSaidToBeNone) {
  const auto model = load_globals("router_id A", "smtp_alert");
  ASSERT_TRUE(model);
  EXPECT_FALSE(model->instances[0].smtp_alert);
  EXPECT_TRUE(says(Severity::note, "no mail is sent without smtp_server"));
}

TEST_F(MessagesTest, AnAddressThatWouldEndALineIsRefused) {
  const auto model = load_globals("notification_email {\n a@b\x01\n}\nsmtp_server h");
  ASSERT_TRUE(model);
  EXPECT_TRUE(model->messages.mail.to.empty());
  EXPECT_TRUE(tolerates("cannot stand in a mail"));
}

TEST_F(MessagesTest, FrameScriptsHaveTenSecondsUnlessSaidOtherwise) {
  const std::string script = write("frame.sh", "#!/bin/sh\n", 0755);
  const auto model =
      load_globals("startup_script \"" + script + " up\"\nshutdown_script " + script +
                   "\nshutdown_script_timeout 3\nstartup_script_timeout 1001");
  ASSERT_TRUE(model) << everything();
  ASSERT_TRUE(model->messages.startup.command);
  EXPECT_EQ(model->messages.startup.command->arguments.size(), 2u);
  EXPECT_EQ(model->messages.startup.timeout, 10s);
  EXPECT_EQ(model->messages.shutdown.timeout, 3s);
  EXPECT_TRUE(tolerates("outside range [1, 1000]"));
}

TEST_F(MessagesTest, NotifyWordsBeyondStates) {
  const std::string script = write("n.sh", "#!/bin/sh\n", 0755);
  const auto model = load_globals(
      "vrrp_notify_priority_changes on",
      "notify_deleted " + script + "\nnotify_master_rx_lower_pri \"" + script + " lower\"");
  ASSERT_TRUE(model) << everything();
  const NotifyCommands& notify = model->instances[0].notify;
  EXPECT_TRUE(notify.tells_deleted);
  EXPECT_TRUE(notify.deleted);
  ASSERT_TRUE(notify.lower_priority);
  EXPECT_EQ(notify.lower_priority->arguments[1], "lower");
  EXPECT_TRUE(notify.priority_changes);
}

}  // namespace
}  // namespace baton::config::keepalived
